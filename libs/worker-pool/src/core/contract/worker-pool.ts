import type { CompletionRequest } from './completion-request.js';
import type { PoolHealth, PoolStats, TaskResult, TaskSnapshot } from './task.js';

/** Options of one submission. */
export interface SubmitOptions {
  /** Time limit of the run, in milliseconds, excluding the wait; default: the pool's `taskTimeoutMs`. */
  timeoutMs?: number;
  /**
   * Order among pending tasks: 0 (the default) runs first, 2,097,151 last. Tasks of equal priority start in the
   * order of their submission. A running task is never interrupted.
   */
  priority?: number;
  /**
   * Text of up to 1,024 characters. While a task with this key is pending or running, another submission joins that
   * task instead of creating a new one, even when the backlog is full; the task keeps its own request and options.
   * The key is free again after the task has ended.
   */
  deduplicationKey?: string;
  /**
   * JSON of up to 16,384 bytes that reaches the executor as `ExecutionContext.context`. Not part of the request:
   * executors that do not know it ignore it.
   */
  context?: unknown;
}

/** Options of {@link WorkerPool.run}. */
export interface RunOptions extends SubmitOptions {
  /** Ends the wait, and cancels the task unless someone else is interested in it. */
  signal?: AbortSignal;
}

/** Options of {@link WorkerPool.getResult}. */
export interface GetResultOptions {
  /** Maximum wait for the end of the task, in milliseconds; default: unlimited. */
  timeoutMs?: number;
  /** Ends the wait; the task continues. */
  signal?: AbortSignal;
}

/** Options of {@link WorkerPool.watchTask}. */
export interface WatchOptions {
  /** Ends the watch; the task continues. */
  signal?: AbortSignal;
}

/**
 * Executes requests on a bounded number of workers. The class is the injection token; the options of
 * `WorkerPoolModule` or `createWorkerPool` choose the driver behind it.
 *
 * @example
 * constructor(private readonly pool: WorkerPool) {}
 *
 * async answer(prompt: string) {
 *   const result = await this.pool.run({ prompt });
 *   return result.completion;
 * }
 */
export abstract class WorkerPool {
  /** Name of the pool's executor, part of cache keys. */
  abstract readonly executorName: string;

  /** The model that a request for `model` (a name, an alias or nothing) runs on; part of cache keys. */
  abstract resolveModel(model?: string): string;

  /**
   * Validates a request without submitting it.
   *
   * @throws {InvalidRequestError} a field is missing or invalid
   * @throws {UnsupportedParameterError} a field that the executor cannot honour
   */
  abstract validate(request: CompletionRequest): void;

  /**
   * Queues a request and returns its task id without waiting for the result. If a task with the same
   * `deduplicationKey` is in progress, returns the id of that task. A task submitted in this way is only cancelled
   * by `cancel`, never because a waiter has left.
   *
   * @throws {InvalidRequestError} a field or an option is missing or invalid
   * @throws {UnsupportedParameterError} a field that the executor cannot honour
   * @throws {PoolSaturatedError} the backlog is full
   * @throws {PoolClosedError} the pool is shutting down
   * @throws {PoolUnavailableError} the queue's Redis is unavailable or did not reply in time (`bullmq`)
   * @throws {PoolRoleError} this process only runs tasks (`bullmq`)
   */
  abstract submit(request: CompletionRequest, options?: SubmitOptions): Promise<string>;

  /**
   * Waits for the end of a task. A failed task is a result, not an exception. All waiters of a task receive the
   * same frozen result.
   *
   * @throws {InvalidRequestError} `timeoutMs` is not a number from 0 to 2,147,483,647
   * @throws {TaskNotFoundError} no such task, or its result is no longer kept
   * @throws {ResultTimeoutError} the task had not ended after `timeoutMs`
   * @throws {TaskLostError} Redis has lost the task (`bullmq`)
   * @throws {PoolUnavailableError} Redis was unavailable for longer than `outageToleranceMs` (`bullmq`)
   * @throws the signal's reason, when it aborts
   */
  abstract getResult(taskId: string, options?: GetResultOptions): Promise<TaskResult>;

  /**
   * `submit` and `getResult` in one; throws what they throw. When the signal aborts, its reason is thrown and the
   * task is cancelled unless someone else is interested: another `run` with the same `deduplicationKey`, or a
   * `submit`.
   */
  abstract run(request: CompletionRequest, options?: RunOptions): Promise<TaskResult>;

  /** Stops a pending or running task. Returns `false` when the task does not exist or has already ended. */
  abstract cancel(taskId: string): Promise<boolean>;

  /** The current state of the task, or `null` when it is unknown or no longer kept. */
  abstract getTask(taskId: string): Promise<TaskSnapshot | null>;

  /**
   * Yields the current state of the task, then a snapshot after each change of its status; ends after the snapshot
   * with the result.
   *
   * @throws {TaskNotFoundError} no such task, or it is no longer kept
   * @throws the signal's reason, when it aborts
   *
   * @example
   * for await (const { status } of pool.watchTask(taskId)) console.log(status); // pending, running, completed
   */
  abstract watchTask(taskId: string, options?: WatchOptions): AsyncIterable<TaskSnapshot>;

  /** Current counters and gauges. */
  abstract stats(): Promise<PoolStats>;

  /** The state of the pool for a health check. Does not throw when Redis is unavailable. */
  abstract health(): Promise<PoolHealth>;

  /**
   * Accepts no new tasks, lets pending and running ones continue for `drainTimeoutMs`, ends the rest as `killed`
   * and closes the executor. Results stay readable. With `bullmq`, the tasks that still run here go back to the
   * queue, local waiters receive `PoolClosedError`, and results are readable only in other processes. Idempotent;
   * `WorkerPoolModule` calls it on shutdown.
   */
  abstract close(): Promise<void>;
}
