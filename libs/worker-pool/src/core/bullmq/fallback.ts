import type { CompletionRequest } from '../contract/completion-request.js';
import { PoolUnavailableError } from '../errors/pool-unavailable.error.js';
import { LocalWorkerPool } from '../local/local-worker-pool.js';
import type { PoolStats, TaskResult, TaskSnapshot } from '../contract/task.js';
import { TaskRunner } from '../tasks/task-runner.js';
import { resolveLocalOptions } from '../options/worker-pool-options.schema.js';
import type { RunOptions } from '../contract/worker-pool.js';
import type { ResolvedBullmqOptions } from '../options/bullmq-options.schema.js';

/** Does the work in this process while the queue is unavailable, where that is wanted; else it does nothing. */
export class Fallback {
  readonly #pool: LocalWorkerPool | null;

  constructor(private readonly options: ResolvedBullmqOptions) {
    const { concurrency, maxBacklog, taskTimeoutMs, resultTtlMs, maxResults, executor, drainTimeoutMs } =
      options;
    const limits = {
      concurrency,
      maxBacklog,
      taskTimeoutMs,
      resultTtlMs,
      maxResults,
      executor,
      drainTimeoutMs,
    };
    const isWanted = options.fallback === 'local' && options.role !== 'worker';
    this.#pool = isWanted ? new LocalWorkerPool(resolveLocalOptions(limits)) : null;
  }

  /**
   * Runs what the queue could not take.
   *
   * @throws the error, when it has another cause or nothing is to be done here
   */
  run(error: unknown, request: CompletionRequest, options: RunOptions): Promise<TaskResult> {
    if (!this.#pool || !(error instanceof PoolUnavailableError)) {
      throw error;
    }
    return this.#pool.run(request, options);
  }

  async cancel(taskId: string): Promise<boolean> {
    return (await this.#pool?.cancel(taskId)) ?? false;
  }

  async getTask(taskId: string): Promise<TaskSnapshot | null> {
    return (await this.#pool?.getTask(taskId)) ?? null;
  }

  /** @throws the error, in the cases in which `run` throws it */
  async stats(error: unknown): Promise<PoolStats> {
    if (!this.#pool || !(error instanceof PoolUnavailableError)) {
      throw error;
    }
    return this.#pool.stats();
  }

  /** Closes the executor too, whoever has used it. */
  async close(): Promise<void> {
    await (this.#pool ?? new TaskRunner(this.options.executor)).close();
  }
}
