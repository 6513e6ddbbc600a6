import { ExecutorError } from './executor.error.js';

/** A process wrote more than it may and was ended together with its group. */
export class ProcessOutputLimitError extends ExecutorError {
  override readonly code = 'ERR_PROCESS_OUTPUT_LIMIT';

  constructor(
    readonly executable: string,
    readonly stream: 'stdout' | 'stderr',
    /** The limit, in bytes. */
    readonly maxBytes: number,
  ) {
    super(`${executable} wrote more than ${maxBytes} bytes to ${stream}`);
  }
}
