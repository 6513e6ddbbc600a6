import { errorType, ObservedOperation, OperationChannels } from 'nestjs-redis-connection';
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

const CHANNELS = new OperationChannels(POOL_OPERATION_START_CHANNEL, POOL_OPERATION_END_CHANNEL);

/** Whether a subscriber wants to know of operations. */
export const isObserved = (): boolean => CHANNELS.areObserved;

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
export class PoolOperation extends ObservedOperation<PoolOperationOutcome> {
  constructor(
    readonly operation: PoolOperationName,
    /** Name of the pool's executor. */
    readonly executor: string,
    /** Name of the queue of a pool over BullMQ; `undefined` for work in this process. */
    readonly queue: string | undefined = undefined,
    /** Of `execute`: the W3C trace context in `SubmitOptions.context.traceparent`, if it is one. */
    readonly traceparent: string | undefined = undefined,
  ) {
    super(CHANNELS);
  }

  /** As `observe`, for an operation that returns the result of a task. */
  observeTask(run: () => Promise<TaskResult>): Promise<TaskResult> {
    return this.observe(run, ({ status, error }) => {
      if (error !== null) this.errorType = errorType(error);
      return status;
    });
  }
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Returns the trace context in the context of a submission. Nothing else of it may reach a subscriber. */
export function traceparentOf(context: unknown): string | undefined {
  const { traceparent } = (context ?? {}) as { traceparent?: unknown };
  return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : undefined;
}
