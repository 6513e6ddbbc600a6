import { ExecutorError } from './executor.error.js';

/** How a process ended: with an exit code, or by a signal. */
export interface ProcessExit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

/** A process ended with a failure of its own. */
export class ProcessExitError extends ExecutorError {
  override readonly code = 'ERR_PROCESS_EXIT';
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;

  constructor(
    readonly executable: string,
    { exitCode, signal }: ProcessExit,
    /** End of what it wrote to stderr: short, one line, without secrets. */
    readonly stderrTail: string,
  ) {
    const end = signal ? `was ended by ${signal}` : `exited with code ${exitCode}`;
    super(`${executable} ${end}${stderrTail ? `: ${stderrTail}` : ''}`);
    this.exitCode = exitCode;
    this.signal = signal;
  }
}
