import type { CompletionRequest } from './completion-request.js';
import type { PoolStats, TaskResult, TaskSnapshot } from './task.js';

/** Options of one submission. */
export interface SubmitOptions {
  /** Time limit of the run itself, in milliseconds, without the wait; default: the pool's `taskTimeoutMs`. */
  timeoutMs?: number;
}

/** Options of {@link WorkerPool.run}. */
export interface RunOptions extends SubmitOptions {
  /** Leaves the wait and cancels the task. */
  signal?: AbortSignal;
}

/** Options of {@link WorkerPool.getResult}. */
export interface GetResultOptions {
  /** How long to wait for the end of the task, in milliseconds; default: until it ends. */
  timeoutMs?: number;
  /** Leaves the wait; the task goes on. */
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
   * Queues a request and answers its task id at once.
   *
   * @throws {InvalidRequestError} a field, or `timeoutMs`, is missing or has the wrong form
   * @throws {UnsupportedParameterError} a field that the executor cannot honour
   * @throws {PoolSaturatedError} the backlog is full
   * @throws {PoolClosedError} the pool is shutting down
   */
  abstract submit(request: CompletionRequest, options?: SubmitOptions): Promise<string>;

  /**
   * Waits for the end of a task. A task that failed is an answer, not an exception. All who wait for one
   * task get the same frozen result.
   *
   * @throws {InvalidRequestError} `timeoutMs` is no number from 0 to 2,147,483,647
   * @throws {TaskNotFoundError} no such task, or its result is no longer kept
   * @throws {ResultTimeoutError} the task had not ended after `timeoutMs`
   * @throws the signal's reason, when it aborts
   */
  abstract getResult(taskId: string, options?: GetResultOptions): Promise<TaskResult>;

  /**
   * `submit` and `getResult` in one; throws what they throw. When the signal aborts, the task is cancelled
   * and the signal's reason thrown.
   */
  abstract run(request: CompletionRequest, options?: RunOptions): Promise<TaskResult>;

  /** Stops a pending or running task. `false` when there is no such task or it had already ended. */
  abstract cancel(taskId: string): Promise<boolean>;

  /** The task as it stands now, or `null` when unknown or no longer kept. */
  abstract getTask(taskId: string): Promise<TaskSnapshot | null>;

  abstract stats(): PoolStats;

  /**
   * Takes no new task, lets pending and running ones go on for `drainTimeoutMs`, ends the rest as `killed`
   * and closes the executor. Results stay readable. Idempotent; Nest calls it on shutdown.
   */
  abstract close(): Promise<void>;
}
