import type { Executor } from './executors/executor.js';

/** Where the tasks run. `local`: in this process. */
export type WorkerPoolDriver = 'local';

/**
 * Options of `WorkerPoolModule.forRoot()` and `createWorkerPool()`. Only `executor` is required.
 *
 * @example
 * WorkerPoolModule.forRoot({ executor: new OfflineExecutor(), concurrency: 2, taskTimeoutMs: 30_000 });
 */
export interface WorkerPoolOptions {
  /** Where the tasks run. Default: `local`. */
  driver?: WorkerPoolDriver;

  /** Does the work. The pool owns it from here on and closes it when the pool closes. */
  executor: Executor;

  /**
   * Tasks that run at the same time, 1 to 10,000. Default: 5. Bounds the load on whatever does the work;
   * further tasks wait in the backlog.
   */
  concurrency?: number;

  /**
   * Tasks that may wait for a worker, 0 to 1,000,000. Default: 1,000. A submission beyond it is refused
   * with `PoolSaturatedError`; 0 refuses whatever cannot start at once. Each waiting task holds its
   * request in memory.
   */
  maxBacklog?: number;

  /**
   * Time limit of one run in milliseconds, without the wait in the backlog. Default: 120,000. Past it the
   * task ends as `timeout` and the executor's signal aborts. `SubmitOptions.timeoutMs` overrides it.
   */
  taskTimeoutMs?: number;

  /**
   * How long the result of an ended task can still be read, in milliseconds. Default: 600,000 (10 min).
   * Afterwards `getTask` answers `null` and `getResult` throws `TaskNotFoundError`.
   */
  resultTtlMs?: number;

  /**
   * Results kept at most, 1 to 1,000,000. Default: 10,000. Beyond it the least recently read or written
   * one is dropped early. Pending and running tasks do not count and are never dropped.
   */
  maxResults?: number;

  /**
   * How long `close()` lets pending and running tasks go on, in milliseconds. Default: 10,000. What has
   * not ended by then ends as `killed`. 0 ends everything at once.
   */
  drainTimeoutMs?: number;
}
