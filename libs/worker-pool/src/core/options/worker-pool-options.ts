import type { BullmqPoolOptions } from './bullmq-options.js';
import type { Executor } from '../contract/executor.js';

/**
 * Where the tasks run. `local`: in this process. `bullmq`: in any number of worker processes on any number of
 * machines, over a queue on Redis.
 */
export type WorkerPoolDriver = 'local' | 'bullmq';

/** Options that every driver knows. */
export interface CommonPoolOptions {
  /** Does the work. The pool owns it from here on and closes it when the pool closes. */
  executor: Executor;

  /**
   * Tasks that run at the same time in this process, 1 to 10,000. Default: 5. Bounds the load on whatever
   * does the work; further tasks wait in the backlog.
   */
  concurrency?: number;

  /**
   * Tasks that may wait for a worker, 0 to 1,000,000. Default: 1,000. A submission beyond it is refused
   * with `PoolSaturatedError`; 0 refuses whatever cannot start at once. With `local` each waiting task holds
   * its request in this process's memory; with `bullmq` all processes count the same tasks, in Redis.
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
   * one (with `bullmq`: the oldest) is dropped early. Pending and running tasks do not count and are never
   * dropped.
   */
  maxResults?: number;

  /**
   * How long `close()` lets tasks go on, in milliseconds. Default: 10,000. What has not ended by then ends
   * as `killed` with `local`, and goes back to the queue with `bullmq`. 0 waits for nothing.
   */
  drainTimeoutMs?: number;
}

/** Options of a pool in this process. */
export interface LocalPoolOptions extends CommonPoolOptions {
  /** Where the tasks run. Default: `local`. */
  driver?: 'local';
}

/**
 * Options of `WorkerPoolModule.forRoot()` and `createWorkerPool()`. Only `executor` is required.
 *
 * @example
 * WorkerPoolModule.forRoot({ executor: new OfflineExecutor(), concurrency: 2, taskTimeoutMs: 30_000 });
 */
export type WorkerPoolOptions = LocalPoolOptions | BullmqPoolOptions;
