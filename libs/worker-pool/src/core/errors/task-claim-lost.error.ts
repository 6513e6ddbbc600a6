import { WorkerPoolError } from './worker-pool.error.js';

/** Reason of the executor's signal when its worker no longer holds the task: another may have it by now. */
export class TaskClaimLostError extends WorkerPoolError {
  readonly code = 'ERR_TASK_CLAIM_LOST';

  constructor() {
    super('the worker lost its claim to the task');
  }
}
