import { channel } from 'node:diagnostics_channel';
import { errorType } from 'nestjs-redis-connection';
import type { TaskResult } from '../contract/task.js';

/** Name of the channel that receives each operation of a pool when it begins. */
export const POOL_OPERATION_START_CHANNEL = 'nestjs-worker-pool:operation:start';
/** Name of the channel that receives each operation of a pool when it has ended. */
export const POOL_OPERATION_END_CHANNEL = 'nestjs-worker-pool:operation:end';

/** Methods of a pool that are published; `execute` is the run of a task by the executor, in the process that works on it. */
export type PoolOperationName = 'submit' | 'run' | 'stream' | 'getResult' | 'cancel' | 'execute';

/**
 * How an operation ended.
 * - `completed`, `failed`, `timeout`, `killed`: the status of the task that it waited for or executed
 * - `ok`: the task was accepted, or cancelled
 * - `unknown`: there was nothing to cancel
 * - `error`: the operation threw
 */
export type PoolOperationOutcome = TaskResult['status'] | 'ok' | 'unknown' | 'error';

const START = channel(POOL_OPERATION_START_CHANNEL);
const END = channel(POOL_OPERATION_END_CHANNEL);

/** Whether a subscriber wants to know of operations. */
export const isObserved = (): boolean => START.hasSubscribers || END.hasSubscribers;

/**
 * One operation of a pool, as subscribers of the channels see it. Both channels receive the same object. It contains neither
 * requests nor completions, task ids or messages of errors.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel';
 * import { POOL_OPERATION_END_CHANNEL, type PoolOperation } from 'nestjs-worker-pool';
 *
 * subscribe(POOL_OPERATION_END_CHANNEL, (message) => {
 *   const { operation, outcome, durationMs } = message as PoolOperation;
 *   console.log(operation, outcome, durationMs);
 * });
 */
export class PoolOperation {
  /** Set when it has ended. */
  outcome: PoolOperationOutcome | undefined;
  /** Set when it has ended; in milliseconds. For `submit` and `stream` until the task was accepted. */
  durationMs: number | undefined;
  /** Code or class of the error that it threw, or code of the task's error. */
  errorType: string | undefined;
  readonly #startedAt = performance.now();
  #wrapper: (<T>(run: () => T) => T) | undefined;

  constructor(
    readonly operation: PoolOperationName,
    /** Name of the pool's executor. */
    readonly executor: string,
  ) {}

  /** For subscribers of the start: runs the operation by `wrapper`, within those of earlier subscribers. */
  within(wrapper: <T>(run: () => T) => T): void {
    const outer = this.#wrapper;
    this.#wrapper = outer === undefined ? wrapper : (run) => outer(() => wrapper(run));
  }

  /** Publishes the start, runs, and publishes the end. */
  async observe<T>(run: () => Promise<T>, outcomeOf: (result: T) => PoolOperationOutcome): Promise<T> {
    START.publish(this);
    try {
      const result = await (this.#wrapper === undefined ? run() : this.#wrapper(run));
      this.#end(outcomeOf(result));
      return result;
    } catch (error) {
      this.errorType = errorType(error);
      this.#end('error');
      throw error;
    }
  }

  /** As `observe`, for an operation that returns the result of a task. */
  observeTask(run: () => Promise<TaskResult>): Promise<TaskResult> {
    return this.observe(run, ({ status, error }) => {
      if (error !== null) this.errorType = errorType(error);
      return status;
    });
  }

  #end(outcome: PoolOperationOutcome): void {
    this.outcome = outcome;
    this.durationMs = performance.now() - this.#startedAt;
    END.publish(this);
  }
}
