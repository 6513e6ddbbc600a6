import type { CompletionRequest } from '../contract/completion-request.js';
import { PoolUnavailableError } from '../contract/errors.js';
import type { PoolStats, TaskResult, TaskSnapshot } from '../contract/task.js';
import type { RunOptions, TaskStream } from '../contract/worker-pool.js';
import { LocalWorkerPool } from '../local/local-worker-pool.js';
import type { ResolvedBullmqOptions } from '../options/pool-options.js';
import { TaskRunner } from '../tasks/task-runner.js';

/** With `fallback: 'local'`, executes requests in this process while the queue is unavailable; otherwise inert. */
export class Fallback {
  readonly #pool: LocalWorkerPool | null;

  constructor(private readonly options: ResolvedBullmqOptions) {
    const isWanted = options.fallback === 'local' && options.role !== 'worker';
    this.#pool = isWanted ? new LocalWorkerPool({ ...options, driver: 'local' }) : null;
  }

  /**
   * Runs a request that the queue could not accept.
   *
   * @throws the error, unless it is a `PoolUnavailableError` and the fallback is active
   */
  run(error: unknown, request: CompletionRequest, options: RunOptions): Promise<TaskResult> {
    return this.#poolFor(error).run(request, options);
  }

  /**
   * As `run`, as a stream.
   *
   * @throws the error, as `run` does
   */
  async stream(error: unknown, request: CompletionRequest, options: RunOptions): Promise<TaskStream> {
    return this.#poolFor(error).stream(request, options);
  }

  async cancel(taskId: string): Promise<boolean> {
    return (await this.#pool?.cancel(taskId)) ?? false;
  }

  async getTask(taskId: string): Promise<TaskSnapshot | null> {
    return (await this.#pool?.getTask(taskId)) ?? null;
  }

  /** @throws the error, as `run` does */
  async stats(error: unknown): Promise<PoolStats> {
    return this.#poolFor(error).stats();
  }

  /** Also closes the executor, whether or not the fallback is active. */
  async close(): Promise<void> {
    const { executor, logger } = this.options;
    await (this.#pool ?? new TaskRunner(executor, logger)).close();
  }

  #poolFor(error: unknown): LocalWorkerPool {
    if (!this.#pool || !(error instanceof PoolUnavailableError)) {
      throw error;
    }
    return this.#pool;
  }
}
