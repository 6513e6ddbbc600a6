import { STATUS_CODES } from 'node:http';
import type { UpstreamFailure } from 'nestjs-worker-pool';

/** What is wrong with one field of a request. */
export interface FieldProblem {
  field: string;
  detail: string;
}

/** Problem details, RFC 9457. `code` and `errors` are extensions. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance?: string;
  code?: string;
  errors?: FieldProblem[];
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** An error that is sent as a response with this status and detail. */
export class ProblemError extends Error {
  /** The response of the service behind the executor, if that failed. */
  readonly upstream: UpstreamFailure | undefined = undefined;
  /** The task that failed, if one did: log lines of the pool contain its id. */
  readonly taskId: string | undefined = undefined;

  constructor(
    readonly status: number,
    detail: string,
    readonly more: Pick<Problem, 'code' | 'errors'> = {},
    /** Seconds, for a `Retry-After` header. */
    readonly retryAfterSeconds?: number,
  ) {
    super(detail);
    this.name = 'ProblemError';
  }

  /** Sent to other processes together with the message. */
  get code(): string | undefined {
    return this.more.code;
  }

  /** Sent with it. */
  get retryAfterMs(): number | undefined {
    return this.retryAfterSeconds === undefined ? undefined : this.retryAfterSeconds * 1_000;
  }
}

/** The response to an unexpected error, which reveals nothing about it. */
export const INTERNAL_ERROR = new ProblemError(500, 'Something went wrong on our side.', {
  code: 'ERR_INTERNAL',
});

/** Creates the body of an error response. */
export function problem(
  status: number,
  detail: string,
  more: Pick<Problem, 'code' | 'errors' | 'instance'> = {},
): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, ...more };
}
