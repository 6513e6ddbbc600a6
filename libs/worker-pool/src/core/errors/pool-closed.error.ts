import { WorkerPoolError } from './worker-pool.error.js';

/** The pool is shutting down or has shut down: it takes no new task, and ends those that overstay the drain. */
export class PoolClosedError extends WorkerPoolError {
  readonly code = 'ERR_POOL_CLOSED';

  constructor() {
    super('the worker pool has shut down');
  }
}
