import { WorkerPoolError } from './worker-pool.error.js';

/**
 * The queue's Redis is away or did not answer in time. What was being submitted was not accepted; a task that
 * had been accepted before is in Redis and goes on.
 */
export class PoolUnavailableError extends WorkerPoolError {
  readonly code = 'ERR_POOL_UNAVAILABLE';

  constructor(options?: ErrorOptions) {
    super('the queue of the worker pool is unavailable', options);
  }
}
