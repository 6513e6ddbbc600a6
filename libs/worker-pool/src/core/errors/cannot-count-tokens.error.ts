import { WorkerPoolError } from './worker-pool.error.js';

/** The executor cannot tell how many tokens a request has without doing the work. */
export class CannotCountTokensError extends WorkerPoolError {
  readonly code = 'ERR_CANNOT_COUNT_TOKENS';

  constructor(executor: string) {
    super(`the ${executor} executor cannot count tokens`);
  }
}
