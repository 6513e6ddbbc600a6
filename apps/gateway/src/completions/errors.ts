import { ProblemError } from '../http/problem.js';
import type { ExecutorError, TaskResult, UpstreamFailure } from 'nestjs-worker-pool';

/** Nothing is stored that would do, and the request asked for no more. */
export class NotCachedError extends ProblemError {
  constructor() {
    super(504, 'No stored answer will do, and only-if-cached asks for no other.', {
      code: 'ERR_ONLY_IF_CACHED',
    });
    this.name = 'NotCachedError';
  }
}

const PROCESS_TIMEOUT = 'ERR_PROCESS_TIMEOUT';
const STATUS_OF = { failed: 502, timeout: 504, killed: 503, completed: 500 } as const;

/** A task that did not complete, as an answer: 502, 504 when it ran out of time, 503 when it was ended. */
export class TaskFailedError extends ProblemError {
  /** What the service behind the executor answered, if it was that which failed. */
  readonly upstream: UpstreamFailure | undefined;

  constructor(result: Pick<TaskResult, 'status' | 'error'>) {
    const { code, message = `The task ended as ${result.status}.`, upstream } = result.error ?? {};
    super(statusOf(result), message, { code }, retryAfterSeconds(upstream));
    this.name = 'TaskFailedError';
    this.upstream = upstream;
  }

  /** The same for what an executor did without a task. */
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
