/** What a cache and a pool do, as events of `node:diagnostics_channel`: for a log, a counter or a span of your own. */
import { subscribe } from 'node:diagnostics_channel';
import { type CacheOperation, createRedisCache, OPERATION_END_CHANNEL } from 'nestjs-redis-cache';
import {
  createWorkerPool,
  OfflineExecutor,
  POOL_OPERATION_END_CHANNEL,
  type PoolOperation,
} from 'nestjs-worker-pool';

const print = (message: unknown): void => {
  const { operation, outcome } = message as CacheOperation | PoolOperation;
  console.log(`${operation}: ${outcome}`);
};
subscribe(OPERATION_END_CHANNEL, print);
subscribe(POOL_OPERATION_END_CHANNEL, print);

const cache = createRedisCache(
  { connection: { url: process.env['REDIS_URL'] } },
  { logger: { log() {}, warn() {} } },
);
const pool = createWorkerPool({ executor: new OfflineExecutor() });

const summarise = async (): Promise<string | null> =>
  (await pool.run({ prompt: 'Cats sleep. Cats sleep long. Dogs bark.' })).completion;

await cache.getOrSet('summary', summarise);
await cache.getOrSet('summary', summarise);
await pool.close();
await cache.close();

// Output:
// execute: completed
// run: completed
// getOrSet: miss
// getOrSet: hit
