import { createHash } from 'node:crypto';
import type { RedisClient } from './open-client.js';

/** A Lua script, sent by its hash and in full only to a server that does not know it. All keys lie in one slot. */
export class Script {
  readonly #sha: string;

  constructor(private readonly lua: string) {
    this.#sha = createHash('sha1').update(lua).digest('hex');
  }

  async run(client: RedisClient, keys: string[], ...args: (string | number)[]): Promise<unknown> {
    try {
      return await client.evalsha(this.#sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('NOSCRIPT')) {
        return client.eval(this.lua, keys.length, ...keys, ...args);
      }
      throw error;
    }
  }
}
