import { WorkerPoolError } from './worker-pool.error.js';

/** `error` of the result of a task whose workers died, again and again. */
export class TaskAbandonedError extends WorkerPoolError {
  readonly code = 'ERR_TASK_ABANDONED';

  constructor(
    /** How often the task was started. */
    readonly attempts: number,
  ) {
    super(`no worker lived to finish the task: it was started ${attempts} times`);
  }
}
