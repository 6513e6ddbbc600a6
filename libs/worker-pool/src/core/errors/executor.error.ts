import { WorkerPoolError } from './worker-pool.error.js';

/** What the service behind an executor answered instead of a completion. Plain data: it travels with a result. */
export interface UpstreamFailure {
  /** HTTP status; `null` when no answer came. */
  status: number | null;
  /** Kind of error in the service's own words, such as `rate_limit_error`; `null` when it named none. */
  type: string | null;
  /** When to try again, in milliseconds from the failure; `null` when the service did not say. */
  retryAfterMs: number | null;
}

/** Options of an {@link ExecutorError}. */
export interface ExecutorErrorOptions extends ErrorOptions {
  /** What the service behind the executor answered, if it was that which failed. */
  upstream?: UpstreamFailure;
}

/** The executor could not produce an answer. The message never holds the prompt or a secret. */
export class ExecutorError extends WorkerPoolError {
  readonly code: string = 'ERR_EXECUTOR_FAILED';
  /** Present when a service behind the executor refused or failed. */
  readonly upstream?: UpstreamFailure;

  constructor(message: string, { upstream, ...options }: ExecutorErrorOptions = {}) {
    super(message, options);
    this.upstream = upstream;
  }
}
