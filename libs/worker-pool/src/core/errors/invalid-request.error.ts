import { WorkerPoolError } from './worker-pool.error.js';

/** A field of a request is missing or has the wrong form. */
export class InvalidRequestError extends WorkerPoolError {
  readonly code: string = 'ERR_INVALID_REQUEST';

  constructor(
    /** Name of the offending field, such as `max_tokens` or `messages.0.role`. */
    readonly field: string,
    problem: string,
  ) {
    super(`${field} ${problem}`);
  }
}
