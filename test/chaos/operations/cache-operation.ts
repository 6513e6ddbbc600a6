import { createRedisCache, type RedisCacheService } from 'nestjs-redis-cache/core';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { until } from '@test/support/until.js';
import type { Operation, Program, Session } from './operation.js';

/** An operation of a cache, in terms of a bench. */
export interface CacheOperation extends Omit<Operation, 'open'> {
  prepare?(bench: Bench): Promise<unknown>;
  run(bench: Bench): Promise<unknown>;
  lost?(bench: Bench): Promise<unknown[]>;
  /** Default: once the cache is writable. */
  isBack?(bench: Bench): Promise<boolean>;
}

/** A cache for one operation under one fault, and what has been acknowledged to it. */
export class Bench {
  readonly logger = new RecordingLogger();
  readonly cache: RedisCacheService;
  /** Keys, requests or ids that Redis has confirmed. */
  readonly acknowledged: string[] = [];
  #names = 0;

  constructor(
    { connection, deadlineMs }: Program,
    readonly prefix: string,
  ) {
    const options = { connection, keyPrefix: prefix, commandTimeoutMs: deadlineMs };
    this.cache = createRedisCache(options, { logger: this.logger });
  }

  /** A name that was never used before. */
  fresh(): string {
    this.#names += 1;
    return `name-${this.#names}`;
  }

  /** Notes a name if Redis has confirmed what was done with it. */
  acknowledge(name: string, isConfirmed: boolean): boolean {
    if (isConfirmed) this.acknowledged.push(name);
    return isConfirmed;
  }
}

export function cacheOperation(operation: CacheOperation): Operation {
  const { prepare, run, lost, isBack = ({ cache }) => cache.isWritable(), ...row } = operation;
  return {
    ...row,
    open: (program): Session => {
      const bench = new Bench(program, `chaos-${row.name.replaceAll(/\W+/g, '-')}`);
      const { cache, logger } = bench;
      return {
        ...(prepare && { prepare: () => prepare(bench) }),
        run: () => run(bench),
        isBack: () => isBack(bench),
        ...(lost && { lost: () => lost(bench) }),
        timeouts: () => cache.getCounters().timeouts,
        lines: () => logger.lines,
        close: () => cache.close(),
      };
    },
  };
}

/** Stores an entry under `key`, also if the machine is busy. */
export async function storeEntry({ cache }: Bench, value: string): Promise<void> {
  await until(() => cache.cacheResponse('key', value), { what: 'the entry to be stored' });
}

/** The keys that have no entry; after a while, because late writes and late replies take one. */
export async function missing({ cache }: Bench, keys: readonly string[]): Promise<string[]> {
  return remaining(keys, async (key) => (await cache.lookup(key)).status === 'hit');
}

/** The keys that still have an entry, though they were removed. */
export async function present({ cache }: Bench, keys: readonly string[]): Promise<string[]> {
  return remaining(keys, async (key) => (await cache.lookup(key)).status === 'miss');
}

/** Longer than the longest pause between two attempts to store or remove. */
const SETTLED_MS = 45_000;

async function remaining(
  names: readonly string[],
  isDone: (name: string) => Promise<boolean>,
): Promise<string[]> {
  let open = [...names];
  const check = async (): Promise<boolean> => {
    const done = await Promise.all(open.map(isDone));
    open = open.filter((_, index) => !done[index]);
    return open.length === 0;
  };
  await until(check, { what: 'the acknowledged names', timeoutMs: SETTLED_MS, everyMs: 50 }).catch(
    () => false,
  );
  return open;
}
