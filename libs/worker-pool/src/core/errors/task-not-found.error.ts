import { WorkerPoolError } from './worker-pool.error.js';

/** There never was such a task, or its result is no longer kept. */
export class TaskNotFoundError extends WorkerPoolError {
  readonly code = 'ERR_TASK_NOT_FOUND';

  constructor(readonly taskId: string) {
    super('no such task, or its result is no longer kept');
  }
}
