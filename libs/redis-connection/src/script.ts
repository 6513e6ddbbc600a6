import { createHash } from 'node:crypto';
import { nameCommand } from './describe-failure.js';
import { isUnknownScript } from './failure-kind.js';
import type { RedisClient } from './create-client.js';

export type ScriptArgument = string | number | Buffer;

/**
 * A Lua script, sent by its hash, and in full only to a server that does not know it yet. It is not defined as a command
 * on the client, because the client may be the user's. All keys must lie in one slot.
 */
export class Script {
  readonly #sha: string;

  constructor(private readonly lua: string) {
    this.#sha = createHash('sha1').update(lua).digest('hex');
  }

  /** Runs the script; strings in the reply are strings. */
  run(client: RedisClient, keys: string[], ...args: ScriptArgument[]): Promise<unknown> {
    return client
      .evalsha(this.#sha, keys.length, ...keys, ...args)
      .catch(this.#unlessUnknown(() => client.eval(this.lua, keys.length, ...keys, ...args)));
  }

  /** Runs the script; strings in the reply are buffers. */
  runForBytes(client: RedisClient, keys: string[], ...args: ScriptArgument[]): Promise<unknown> {
    const scripts = client as unknown as ByteScripts;
    return scripts
      .evalshaBuffer(this.#sha, keys.length, ...keys, ...args)
      .catch(this.#unlessUnknown(() => scripts.evalBuffer(this.lua, keys.length, ...keys, ...args)));
  }

  #unlessUnknown(sendWhole: () => Promise<unknown>): (error: unknown) => Promise<unknown> {
    const fail = (error: unknown): never => {
      nameCommand(error, this.lua);
      throw error;
    };
    return (error) => {
      if (isUnknownScript(error)) return sendWhole().catch(fail);
      return fail(error);
    };
  }
}

// ioredis has these methods but does not declare them; its `callBuffer` loses the command in a client that pipelines
// automatically.
type ByteScripts = Record<
  'evalshaBuffer' | 'evalBuffer',
  (script: string, keys: number, ...args: ScriptArgument[]) => Promise<unknown>
>;
