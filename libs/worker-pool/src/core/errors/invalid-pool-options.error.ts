import { WorkerPoolError } from './worker-pool.error.js';

/** An option of the pool has the wrong form; the module does not start. */
export class InvalidPoolOptionsError extends WorkerPoolError {
  readonly code = 'ERR_INVALID_POOL_OPTIONS';

  constructor(
    /** Name of the offending option, such as `concurrency`. */
    readonly field: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`worker pool option ${field} ${problem}`, options);
  }
}
