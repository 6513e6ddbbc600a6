import type { TaskResult } from 'nestjs-worker-pool';
import { ProblemError } from '../http/problem.js';

const PROCESS_TIMEOUT = 'ERR_PROCESS_TIMEOUT';
const STATUS_OF = { failed: 502, timeout: 504, killed: 503, completed: 500 } as const;

/** A task that did not complete, as an answer: 502, 504 when it ran out of time, 503 when it was ended. */
export class TaskFailedError extends ProblemError {
  constructor(result: TaskResult) {
    super(statusOf(result), result.error?.message ?? `The task ended as ${result.status}.`, {
      code: result.error?.code,
    });
    this.name = 'TaskFailedError';
  }
}

function statusOf({ status, error }: TaskResult): number {
  return error?.code === PROCESS_TIMEOUT ? 504 : STATUS_OF[status];
}
