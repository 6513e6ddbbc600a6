import type { CompletionEvent } from './completion-event.js';
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
   * executors that do not know it ignore it. A W3C `traceparent` in it becomes the parent of the task's span in
   * OpenTelemetry.
   */
  context?: unknown;
}

/** Options of {@link WorkerPool.run} and {@link WorkerPool.stream}. */
export interface RunOptions extends SubmitOptions {
  /** Ends the wait, and cancels the task unless someone else is interested in it. */
  signal?: AbortSignal;
}

/**
 * A task whose events are read while it runs; returned by {@link WorkerPool.stream}.
 *
 * Each iteration yields the events from the first one on, and ends when the task ends, whatever its status. Events are
 * frozen and shared. A reader may be slow: it delays neither the task nor other readers. An iteration that stops early
 * (`break`) leaves the stream unless another iteration of it is open: this cancels the task unless someone else is
 * interested in it. An iteration throws
 * - the reason of the signal, when it aborts
 * - `TaskStreamInterruptedError`: it has yielded events, and those that follow them are lost (`bullmq`)
 * - `TaskStreamTooLargeError`: the events exceed `maxStreamBytes`
 * - what `getResult` throws: `PoolClosedError`, `PoolUnavailableError`, `TaskLostError` (`bullmq`)
 *
 * With an executor that emits no events the iteration yields nothing. The same is true of a task that another caller
 * started with `run` or `submit` and that was already running when this stream joined it.
 */
export interface TaskStream extends AsyncIterable<CompletionEvent> {
  readonly taskId: string;
  /**
   * Waits for the end of the task, as `run` does. A failed task is a result, not an exception. Iterating is not
   * required.
   *
   * @throws what `getResult` throws; the reason of the signal, when it aborts
   */
  result(): Promise<TaskResult>;
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
   * Connects, and begins to work on tasks. Only for a pool that was created to start later; its first call does the same.
   */
  start(): void {}

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
   * @throws {InvalidRequestError} a field or an option is missing, invalid or unknown
   * @throws {UnsupportedParameterError} a field that the executor cannot honour
   * @throws {PoolSaturatedError} the backlog is full
   * @throws {PoolClosedError} the pool is shutting down
   * @throws {PoolUnavailableError} the queue's Redis is unavailable, did not reply in time, or its user lacks a right
   *   (`bullmq`)
   * @throws {PoolRoleError} this process only runs tasks (`bullmq`)
   */
  abstract submit(request: CompletionRequest, options?: SubmitOptions): Promise<string>;

  /**
   * Waits for the end of a task. A failed task is a result, not an exception. All waiters of a task receive the
   * same frozen result.
   *
   * @throws {InvalidRequestError} `timeoutMs` is not a number from 0 to 2,147,483,647, or an option is unknown
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

  /**
   * `run` as a stream: submits a request and returns its events as they come, then its result. Resolves when the task
   * is accepted, not when it starts; throws what `submit` throws. The signal and `deduplicationKey` have the same effect
   * as with `run`: a stream that joins a task which is already being streamed yields its events from the first one on.
   *
   * @throws the signal's reason, when it has already aborted
   *
   * @example
   * const stream = await pool.stream({ prompt: 'Summarise: …' });
   * for await (const event of stream) console.log(event.type, event.delta);
   * const { status, completion } = await stream.result();
   */
  abstract stream(request: CompletionRequest, options?: RunOptions): Promise<TaskStream>;

  /** Stops a pending or running task. Returns `false` when the task does not exist or has already ended. */
  abstract cancel(taskId: string): Promise<boolean>;

  /** The current state of the task, or `null` when it is unknown or no longer kept. */
  abstract getTask(taskId: string): Promise<TaskSnapshot | null>;

  /**
   * Yields the current state of the task, then a snapshot after each change of its status; ends after the snapshot
   * with the result.
   *
   * @throws {InvalidRequestError} an option is unknown
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
