import { WorkerPoolError } from './worker-pool.error.js';

/** The run took longer than its limit. Reason of the executor's signal, and `error` of the task's result. */
export class TaskTimeoutError extends WorkerPoolError {
  readonly code = 'ERR_TASK_TIMEOUT';

  constructor(
    /** The limit, in milliseconds. */
    readonly timeoutMs: number,
  ) {
    super(`the run took longer than its limit of ${timeoutMs} ms`);
  }
}
