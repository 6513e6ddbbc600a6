import { BullmqWorkerPool } from './bullmq/bullmq-worker-pool.js';
import { LocalWorkerPool } from './local/local-worker-pool.js';
import { resolveWorkerPoolOptions } from './options/worker-pool-options.schema.js';
import type { WorkerPoolOptions } from './options/worker-pool-options.js';
import type { WorkerPool } from './contract/worker-pool.js';

/**
 * Makes a pool outside of Nest, on the driver that the options name. Call `close()` when done.
 *
 * @throws {InvalidPoolOptionsError} names the option that is wrong; with `bullmq` the first call of the pool
 *   throws it when the packages of this driver are not installed
 *
 * @example
 * const pool = createWorkerPool({ executor: new OfflineExecutor(), concurrency: 2 });
 * const result = await pool.run({ prompt: 'Summarise: …' });
 * await pool.close();
 */
export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const resolved = resolveWorkerPoolOptions(options);
  return resolved.driver === 'bullmq' ? new BullmqWorkerPool(resolved) : new LocalWorkerPool(resolved);
}

/** The same for Nest, whose start it stops when the driver's packages are not installed. */
export async function provideWorkerPool(options: WorkerPoolOptions): Promise<WorkerPool> {
  const pool = createWorkerPool(options);
  return pool instanceof BullmqWorkerPool ? pool.loaded() : pool;
}
