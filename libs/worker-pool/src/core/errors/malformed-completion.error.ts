import { ExecutorError } from './executor.error.js';

/** The executor answered something that is not a `Completion`. */
export class MalformedCompletionError extends ExecutorError {
  override readonly code = 'ERR_MALFORMED_COMPLETION';

  constructor(
    /** Name of the offending field of the answer, such as `usage.input_tokens`. */
    readonly field: string,
  ) {
    super(`the executor's answer is malformed: ${field} is missing or has the wrong form`);
  }
}
