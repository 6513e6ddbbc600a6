import type { CompletionRequest } from './completion-request.js';
import type { PoolHealth, PoolStats, TaskResult, TaskSnapshot } from './task.js';

/** Options of one submission. */
export interface SubmitOptions {
  /** Time limit of the run itself, in milliseconds, without the wait; default: the pool's `taskTimeoutMs`. */
  timeoutMs?: number;
  /**
   * Whose turn it is among pending tasks: 0 (the default) goes first, 2,097,151 last. Equals start in the
   * order of their submission. A running task is never interrupted.
   */
  priority?: number;
  /**
   * Text of up to 1,024 characters. While a task that was submitted under it is pending or running, another
   * submission joins that task instead of making a new one, also when the backlog is full; the task keeps
   * the request and the options it was made with. After its end the key is free again.
   */
  deduplicationKey?: string;
  /**
   * JSON of up to 16,384 bytes that travels with the task to the executor's `ExecutionContext.context`. No
   * part of the request: executors that do not know it ignore it.
   */
  context?: unknown;
}

/** Options of {@link WorkerPool.run}. */
export interface RunOptions extends SubmitOptions {
  /** Leaves the wait, and cancels the task when nobody else is interested in it. */
  signal?: AbortSignal;
}

/** Options of {@link WorkerPool.getResult}. */
export interface GetResultOptions {
  /** How long to wait for the end of the task, in milliseconds; default: until it ends. */
  timeoutMs?: number;
  /** Leaves the wait; the task goes on. */
  signal?: AbortSignal;
}

/** Options of {@link WorkerPool.watchTask}. */
export interface WatchOptions {
  /** Ends the watch; the task goes on. */
  signal?: AbortSignal;
}

/**
 * Runs requests on a bounded number of workers. The class is the injection token; the driver behind it
 * is chosen by `WorkerPoolModule`.
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
  /** Name of the executor behind the pool, part of cache keys. */
  abstract readonly executorName: string;

  /** The model that a request for `model` (an alias, or nothing) runs on; part of cache keys. */
  abstract resolveModel(model?: string): string;

  /**
   * Checks a request without submitting it.
   *
   * @throws {InvalidRequestError} a field is missing or has the wrong form
   * @throws {UnsupportedParameterError} a field that the executor cannot honour
   */
  abstract validate(request: CompletionRequest): void;

  /**
   * Queues a request and answers its task id at once: that of a task in progress, if there is one under
   * the same `deduplicationKey`. Nobody's leaving cancels a task that was submitted in this way.
   *
   * @throws {InvalidRequestError} a field, or an option, is missing or has the wrong form
   * @throws {UnsupportedParameterError} a field that the executor cannot honour
   * @throws {PoolSaturatedError} the backlog is full
   * @throws {PoolClosedError} the pool is shutting down
   * @throws {PoolUnavailableError} the queue's Redis is away, or did not answer in time (`bullmq`)
   * @throws {PoolRoleError} this process only runs tasks (`bullmq`)
   */
  abstract submit(request: CompletionRequest, options?: SubmitOptions): Promise<string>;

  /**
   * Waits for the end of a task. A task that failed is an answer, not an exception. All who wait for one
   * task get the same frozen result.
   *
   * @throws {InvalidRequestError} `timeoutMs` is no number from 0 to 2,147,483,647
   * @throws {TaskNotFoundError} no such task, or its result is no longer kept
   * @throws {ResultTimeoutError} the task had not ended after `timeoutMs`
   * @throws {TaskLostError} Redis has lost the task (`bullmq`)
   * @throws {PoolUnavailableError} Redis was away for longer than `outageToleranceMs` (`bullmq`)
   * @throws the signal's reason, when it aborts
   */
  abstract getResult(taskId: string, options?: GetResultOptions): Promise<TaskResult>;

  /**
   * `submit` and `getResult` in one; throws what they throw. When the signal aborts, its reason is thrown,
   * and the task is cancelled unless somebody else is interested: another `run` under the same
   * `deduplicationKey`, or a `submit`.
   */
  abstract run(request: CompletionRequest, options?: RunOptions): Promise<TaskResult>;

  /** Stops a pending or running task. `false` when there is no such task or it had already ended. */
  abstract cancel(taskId: string): Promise<boolean>;

  /** The task as it stands now, or `null` when unknown or no longer kept. */
  abstract getTask(taskId: string): Promise<TaskSnapshot | null>;

  /**
   * The task as it stands now, then each change of its status; ends after the snapshot of the end.
   *
   * @throws {TaskNotFoundError} no such task, or it is no longer kept
   * @throws the signal's reason, when it aborts
   *
   * @example
   * for await (const { status } of pool.watchTask(taskId)) console.log(status); // pending, running, completed
   */
  abstract watchTask(taskId: string, options?: WatchOptions): AsyncIterable<TaskSnapshot>;

  /** Counters and gauges as they stand now. */
  abstract stats(): Promise<PoolStats>;

  /** How the pool is, for a health check. Does not throw because of Redis. */
  abstract health(): Promise<PoolHealth>;

  /**
   * Takes no new task, lets pending and running ones go on for `drainTimeoutMs`, ends the rest as `killed`
   * (`bullmq`: gives back what runs here, and tells those who wait here that the pool has closed) and closes the
   * executor. Results stay readable, with `bullmq` in other processes. Idempotent; Nest calls it on shutdown.
   */
  abstract close(): Promise<void>;
}
