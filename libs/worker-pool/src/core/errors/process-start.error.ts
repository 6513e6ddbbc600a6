import { ExecutorError } from './executor.error.js';

const codeOf = (cause: unknown): string => {
  const { code } = Object(cause) as { code?: unknown };
  return typeof code === 'string' ? ` (${code})` : '';
};

/** The executable could not be started: not found, not permitted, out of processes. */
export class ProcessStartError extends ExecutorError {
  override readonly code = 'ERR_PROCESS_START';

  constructor(
    /** Name or path of the executable. */
    readonly executable: string,
    cause: unknown,
  ) {
    super(`cannot start ${executable}${codeOf(cause)}`, { cause });
  }
}
