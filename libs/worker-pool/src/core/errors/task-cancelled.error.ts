import { WorkerPoolError } from './worker-pool.error.js';

/** The task was cancelled. Reason of the executor's signal, and `error` of the task's result. */
export class TaskCancelledError extends WorkerPoolError {
  readonly code = 'ERR_TASK_CANCELLED';

  constructor() {
    super('the task was cancelled');
  }
}
