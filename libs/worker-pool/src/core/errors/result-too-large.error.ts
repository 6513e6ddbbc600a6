import { ExecutorError } from './executor.error.js';

/** The executor's answer is larger than the queue takes. */
export class ResultTooLargeError extends ExecutorError {
  override readonly code = 'ERR_RESULT_TOO_LARGE';

  constructor(
    /** The limit, in bytes. */
    readonly maxBytes: number,
  ) {
    super(`the answer is larger than the limit of ${maxBytes} bytes as JSON`);
  }
}
