import { WorkerPoolError } from './worker-pool.error.js';

/** The task was accepted, and Redis no longer knows of it: it came back without its data, or dropped the task. */
export class TaskLostError extends WorkerPoolError {
  readonly code = 'ERR_TASK_LOST';

  constructor(readonly taskId: string) {
    super('the queue no longer knows the task: its Redis has lost data');
  }
}
