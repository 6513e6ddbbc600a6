import { ExecutorError } from '../contract/errors.js';

// The messages become part of results, which clients may read: they name neither the executable nor what it wrote.

/** The executable could not be started: not found, not permitted, or the system is out of processes. */
export class ProcessStartError extends ExecutorError {
  override readonly code = 'ERR_PROCESS_START';

  constructor(
    /** Name or path of the executable. */
    readonly executable: string,
    cause: unknown,
  ) {
    super(`the program of the executor cannot be started${codeOf(cause)}`, { cause, logDetail: executable });
  }
}

/** How a process ended: with an exit code, or by a signal. */
export interface ProcessExit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

/** The process exited with an error code, or was ended by a signal that did not come from the executor. */
export class ProcessExitError extends ExecutorError {
  override readonly code = 'ERR_PROCESS_EXIT';
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;

  constructor(
    readonly executable: string,
    { exitCode, signal }: ProcessExit,
    /** End of its stderr: short, one line, without secrets. */
    readonly stderrTail: string,
  ) {
    const end = signal ? `was ended by ${signal}` : `exited with code ${exitCode}`;
    super(`the program of the executor ${end}`, {
      logDetail: stderrTail ? `${executable}: ${stderrTail}` : executable,
    });
    this.exitCode = exitCode;
    this.signal = signal;
  }
}

/** `wall`: the process ran too long; `idle`: it wrote nothing for too long. */
export type ProcessTimeoutKind = 'wall' | 'idle';

/** The process exceeded one of its time limits and was ended together with its group. */
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
        ? `the program of the executor ran longer than its limit of ${timeoutMs} ms`
        : `the program of the executor wrote nothing for ${timeoutMs} ms`,
      { logDetail: executable },
    );
  }
}

/** The process wrote more than its output limit and was ended together with its group. */
export class ProcessOutputLimitError extends ExecutorError {
  override readonly code = 'ERR_PROCESS_OUTPUT_LIMIT';

  constructor(
    readonly executable: string,
    readonly stream: 'stdout' | 'stderr',
    /** The limit, in bytes. */
    readonly maxBytes: number,
  ) {
    super(`the program of the executor wrote more than ${maxBytes} bytes to ${stream}`, {
      logDetail: executable,
    });
  }
}

function codeOf(cause: unknown): string {
  const { code } = Object(cause) as { code?: unknown };
  return typeof code === 'string' ? ` (${code})` : '';
}
