import { WorkerPoolError } from './worker-pool.error.js';

/** The task had not ended when the wait for its result was over. The task itself goes on. */
export class ResultTimeoutError extends WorkerPoolError {
  readonly code = 'ERR_RESULT_TIMEOUT';

  constructor(
    readonly taskId: string,
    /** How long the wait was, in milliseconds. */
    readonly timeoutMs: number,
  ) {
    super(`the task had not ended after ${timeoutMs} ms`);
  }
}
