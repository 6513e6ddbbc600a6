import type { ExecutorError, TaskResult, UpstreamFailure } from 'nestjs-worker-pool';
import { ProblemError } from '../http/problem.js';

/** The request accepts only a stored answer, and there is none that it accepts. */
export class NotCachedError extends ProblemError {
  constructor() {
    super(504, 'No stored answer is acceptable, and only-if-cached does not allow computing one.', {
      code: 'ERR_ONLY_IF_CACHED',
    });
    this.name = 'NotCachedError';
  }
}

const PROCESS_TIMEOUT = 'ERR_PROCESS_TIMEOUT';
const STATUS_OF = { failed: 502, timeout: 504, killed: 503, completed: 500 } as const;

/** A task did not complete. Status 502 if it failed, 504 if it exceeded its time limit, 503 if it was ended. */
export class TaskFailedError extends ProblemError {
  override readonly upstream: UpstreamFailure | undefined;
  override readonly taskId: string | undefined;

  constructor(result: Pick<TaskResult, 'status' | 'error'> & Partial<Pick<TaskResult, 'taskId'>>) {
    const { code, message = `The task ended as ${result.status}.`, upstream } = result.error ?? {};
    super(statusOf(result), message, { code }, retryAfterSeconds(upstream));
    this.name = 'TaskFailedError';
    this.upstream = upstream;
    this.taskId = result.taskId;
  }

  /** Converts a failure of an executor that ran without a task. */
  static of({ code, message, upstream }: ExecutorError): TaskFailedError {
    return new TaskFailedError({ status: 'failed', error: { code, message, upstream } });
  }
}

function retryAfterSeconds({ retryAfterMs = null }: Partial<UpstreamFailure> = {}): number | undefined {
  return retryAfterMs === null ? undefined : Math.ceil(retryAfterMs / 1_000);
}

function statusOf({ status, error }: Pick<TaskResult, 'status' | 'error'>): number {
  return error?.code === PROCESS_TIMEOUT ? 504 : STATUS_OF[status];
}
