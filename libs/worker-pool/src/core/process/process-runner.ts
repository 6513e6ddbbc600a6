import { ExecutorError } from '../contract/errors.js';
import { InFlight } from './in-flight.js';
import { type ProcessOutput, ProcessRun, type ProcessSpec } from './process-run.js';

/**
 * Runs executables without a shell, each in its own process group, and leaves no process behind.
 *
 * A run ends when the process exits, when it exceeds one of its limits, when its signal aborts or when the runner is
 * closed. Then the remaining processes of its group, including descendants that outlive it, get SIGTERM, and SIGKILL
 * after the grace period; only then does the promise settle. When this process exits, it kills the groups of its
 * children. (Only SIGKILL of this process leaves them running.)
 *
 * POSIX only: Windows has no process groups.
 */
export class ProcessRunner {
  readonly #runs = new Set<ProcessRun>();
  readonly #inFlight = new InFlight();
  readonly #killAll = (): void => {
    for (const run of this.#runs) {
      run.kill();
    }
  };
  #closed = false;

  /**
   * Rejects with the signal's reason when it aborts. An exit code other than 0 does not reject.
   *
   * @throws {ProcessStartError} the executable cannot be started
   * @throws {ProcessTimeoutError} the process exceeded a time limit
   * @throws {ProcessOutputLimitError} it exceeded the output limit
   * @throws {ExecutorError} the runner is closed
   */
  run(spec: ProcessSpec, signal: AbortSignal): Promise<ProcessOutput> {
    return this.#inFlight.track(this.#run(spec, signal));
  }

  /** Ends all processes with their groups and waits until they have ended. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const run of this.#runs) {
      run.stop(closedError());
    }
    await this.#inFlight.settled();
  }

  async #run(spec: ProcessSpec, signal: AbortSignal): Promise<ProcessOutput> {
    signal.throwIfAborted();
    if (this.#closed) {
      throw closedError();
    }
    const run = await ProcessRun.start(spec);
    const onAbort = (): void => run.stop(signal.reason);
    this.#add(run);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#stopWhenLate(run, signal);
    try {
      return await run.finish();
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#remove(run);
    }
  }

  /** Handles an abort or a close that happened while the process started. */
  #stopWhenLate(run: ProcessRun, signal: AbortSignal): void {
    if (signal.aborted) {
      run.stop(signal.reason);
    } else if (this.#closed) {
      run.stop(closedError());
    }
  }

  #add(run: ProcessRun): void {
    if (this.#runs.size === 0) {
      process.on('exit', this.#killAll);
    }
    this.#runs.add(run);
  }

  #remove(run: ProcessRun): void {
    this.#runs.delete(run);
    if (this.#runs.size === 0) {
      process.off('exit', this.#killAll);
    }
  }
}

const closedError = (): ExecutorError => new ExecutorError('the executor was closed');
