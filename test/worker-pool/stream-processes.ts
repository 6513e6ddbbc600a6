import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { BullmqPoolOptions } from 'nestjs-worker-pool';
import { type ManagedProcess, type RedisServer, spawnNode } from '@test/support/index.js';

type Options = Partial<Omit<BullmqPoolOptions, 'driver' | 'executor' | 'role'>>;

/** A step of the plan that a worker executes, see stream-worker.mjs. */
interface Step {
  emit?: number;
  text?: string;
  everyMs?: number;
  gate?: boolean;
  deaf?: boolean;
  hang?: boolean;
}

/** How a reader reads, see stream-reader.mjs. */
interface Reading {
  options: Options;
  prompt: string;
  deduplicationKey?: string;
  leaveAfter?: number;
  slowMs?: number;
}

/** Restarts tasks soon, yet tolerates short pauses of a busy machine. */
export const QUICK = { lockDurationMs: 2_000, stalledIntervalMs: 300, streamTtlMs: 500 };

/** Lets several readers join one task. */
export const deduplicationKey = 'one-key';

export const plan = (...steps: Step[]): string => JSON.stringify({ plan: steps });

/** What a reader process reported at its end. */
export interface Report {
  events: number;
  digest: string;
  end: string;
  result: string;
}

/** Starts processes that emit and read streams, and ends them. */
export class StreamProcesses {
  readonly #started: ManagedProcess[] = [];

  /** Starts a worker and waits until it is ready. */
  async worker(options: Options): Promise<ManagedProcess> {
    const child = this.#start('stream-worker.mjs', { options });
    await child.waitForLine(/^ready$/);
    return child;
  }

  /** Starts a reader and waits until its task is accepted. */
  async reader(reading: Reading): Promise<ManagedProcess> {
    const child = this.#start('stream-reader.mjs', reading);
    await child.waitForLine(/^task /);
    return child;
  }

  async endAll(): Promise<void> {
    await Promise.all(this.#started.splice(0).map((child) => child.kill()));
  }

  #start(script: string, scenario: object): ManagedProcess {
    const env = { SCENARIO: JSON.stringify(scenario), NO_COLOR: '1' };
    const child = spawnNode(resolve('test/fixtures', script), { env });
    this.#started.push(child);
    return child;
  }
}

export async function reportOf(reader: ManagedProcess): Promise<Report> {
  const [, events = '', digest = ''] = (await reader.waitForLine(/^events /)).split(' ');
  const end = await reader.waitForLine(/^(?:end|left|error .*)$/);
  const result = (await reader.waitForLine(/^result /)).slice('result '.length);
  return { events: Number(events), digest, end, result };
}

/** The digest of `count` events of one worker process. */
export function digestOf(worker: ManagedProcess, count: number, text = ''): string {
  const digest = createHash('sha256');
  for (let index = 0; index < count; index += 1) digest.update(`${worker.pid}:${index} ${text}\n`);
  return digest.digest('hex');
}

/** How often the server has executed each command since the statistics were reset. */
export async function commandCalls(redis: RedisServer): Promise<(command: string) => number> {
  const info = await redis.client().info('commandstats');
  const calls = new Map(
    Array.from(info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm), ([, name = '', count]) => [
      name,
      Number(count),
    ]),
  );
  return (command) => calls.get(command) ?? 0;
}

/** Keys and channels of event logs in Redis. */
export async function eventKeys(redis: RedisServer): Promise<string[]> {
  const client = redis.client();
  const channels = (await client.pubsub('CHANNELS', '*:pool:events')) as string[];
  return [...(await client.keys('*:pool:events')), ...channels];
}
