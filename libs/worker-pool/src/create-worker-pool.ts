import { LocalWorkerPool } from './local/local-worker-pool.js';
import { type ResolvedWorkerPoolOptions, resolveWorkerPoolOptions } from './worker-pool-options.schema.js';
import type { WorkerPoolDriver, WorkerPoolOptions } from './worker-pool-options.js';
import type { WorkerPool } from './worker-pool.js';

const DRIVERS: Record<WorkerPoolDriver, (options: ResolvedWorkerPoolOptions) => WorkerPool> = {
  local: (options) => new LocalWorkerPool(options),
};

/**
 * Makes a pool outside of Nest, on the driver that the options name. Call `close()` when done.
 *
 * @throws {InvalidPoolOptionsError} names the option that is wrong
 *
 * @example
 * const pool = createWorkerPool({ executor: new OfflineExecutor(), concurrency: 2 });
 * const result = await pool.run({ prompt: 'Summarise: …' });
 * await pool.close();
 */
export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const resolved = resolveWorkerPoolOptions(options);
  return DRIVERS[resolved.driver](resolved);
}
