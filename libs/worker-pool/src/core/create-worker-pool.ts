import { OptionNames } from 'nestjs-redis-connection';
import { BullmqWorkerPool } from './bullmq/bullmq-worker-pool.js';
import { loadPackages } from './bullmq/clients.js';
import { InvalidPoolOptionsError } from './contract/errors.js';
import type { WorkerPool } from './contract/worker-pool.js';
import { LocalWorkerPool } from './local/local-worker-pool.js';
import { ObservedPool } from './observed-pool.js';
import { resolveWorkerPoolOptions, type WorkerPoolOptions } from './options/pool-options.js';

/**
 * Creates a pool without Nest. Call `close()` when done.
 *
 * @throws {InvalidPoolOptionsError} names the invalid option; with `bullmq`, the first call of the pool throws it when
 *   the packages of this driver are not installed
 *
 * @example
 * const pool = createWorkerPool({ executor: new OfflineExecutor(), concurrency: 2 });
 * const result = await pool.run({ prompt: 'Summarise: …' });
 * await pool.close();
 */
export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const pool = newPool(resolveWorkerPoolOptions(options));
  pool.start();
  return pool;
}

/** How {@link loadWorkerPool} creates a pool. */
export interface LoadOptions {
  /**
   * Whether the pool connects only with `start()` or its first call. Before `start()` it disconnects within two seconds
   * once no call waits. Default: `false`.
   */
  startsLater?: boolean;
}

const LOAD_OPTIONS = new OptionNames<LoadOptions>(
  { startsLater: true },
  (path, problem) => new InvalidPoolOptionsError(path, problem),
);

/**
 * Creates a pool and waits until the packages of its driver are loaded, never for Redis.
 *
 * @throws {InvalidPoolOptionsError} names the invalid option, or `driver` when its packages are not installed
 */
export async function loadWorkerPool(
  options: WorkerPoolOptions,
  loading: LoadOptions = {},
): Promise<WorkerPool> {
  LOAD_OPTIONS.check(loading, 'loading');
  const { startsLater = false } = loading;
  const resolved = resolveWorkerPoolOptions(options);
  if (resolved.driver === 'bullmq') {
    await loadPackages();
  }
  const pool = newPool(resolved);
  if (!startsLater) {
    pool.start();
  }
  return pool;
}

function newPool(options: ReturnType<typeof resolveWorkerPoolOptions>): WorkerPool {
  return options.driver === 'bullmq'
    ? new ObservedPool(new BullmqWorkerPool(options), options.queueName)
    : new ObservedPool(new LocalWorkerPool(options));
}
