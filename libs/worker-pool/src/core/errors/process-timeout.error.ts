import { ExecutorError } from './executor.error.js';

/** `wall`: it ran too long; `idle`: it wrote nothing for too long. */
export type ProcessTimeoutKind = 'wall' | 'idle';

/** A process exceeded one of its time limits and was ended together with its group. */
export class ProcessTimeoutError extends ExecutorError {
  override readonly code = 'ERR_PROCESS_TIMEOUT';

  constructor(
    readonly executable: string,
    readonly kind: ProcessTimeoutKind,
    /** The limit, in milliseconds. */
    readonly timeoutMs: number,
  ) {
    super(
      kind === 'wall'
        ? `${executable} ran longer than its limit of ${timeoutMs} ms`
        : `${executable} wrote nothing for ${timeoutMs} ms`,
    );
  }
}
