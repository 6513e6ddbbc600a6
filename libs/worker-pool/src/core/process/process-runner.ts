import { ExecutorError } from '../errors/executor.error.js';
import { InFlight } from './in-flight.js';
import { type ProcessOutput, ProcessRun, type ProcessSpec } from './process-run.js';

/**
 * Runs executables without a shell, each in a process group of its own, and leaves nothing of them behind.
 *
 * A run ends when the process exits, when one of its limits is exceeded, when its signal aborts or when
 * the runner is closed. Then what is left of its group (descendants that outlive it, too) gets SIGTERM, and
 * SIGKILL after the grace period; only after that the promise settles. A process that exits while children
 * run kills their groups. (Only SIGKILL of this process itself leaves them running.)
 *
 * POSIX only: Windows knows no process groups.
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
   * Rejects with the signal's reason when that aborts. An exit code other than 0 is an answer, not a
   * rejection.
   *
   * @throws {ProcessStartError} the executable cannot be started
   * @throws {ProcessTimeoutError} the process ran too long, or wrote nothing for too long
   * @throws {ProcessOutputLimitError} it wrote too much
   * @throws {ExecutorError} the runner is closed
   */
  run(spec: ProcessSpec, signal: AbortSignal): Promise<ProcessOutput> {
    return this.#inFlight.track(this.#run(spec, signal));
  }

  /** Ends all processes with their groups and waits for it. Idempotent. */
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

  /** The signal may have aborted, and the runner been closed, while the process started. */
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
