import { WorkerPoolError } from './worker-pool.error.js';

/** What a {@link PoolSaturatedError} tells. */
export interface Saturation {
  /** Tasks that wait for a worker. */
  backlog: number;
  /** Tasks that may wait at most. */
  maxBacklog: number;
  /** Milliseconds until a worker would have been free for one more task, by the recent service times. */
  retryAfterMs: number;
}

/** The backlog is full; nothing was queued. Try again after about `retryAfterMs`. */
export class PoolSaturatedError extends WorkerPoolError {
  readonly code = 'ERR_POOL_SATURATED';
  /** Tasks that waited for a worker. */
  readonly backlog: number;
  /** Tasks that may wait at most. */
  readonly maxBacklog: number;
  /**
   * Milliseconds, at least 1: how long a task at the end of the line would wait for a worker. An
   * estimate from recent service times, the concurrency and the backlog; good for `Retry-After`.
   */
  readonly retryAfterMs: number;

  constructor({ backlog, maxBacklog, retryAfterMs }: Saturation) {
    super(`the backlog is full: ${backlog} tasks wait, ${maxBacklog} may`);
    this.backlog = backlog;
    this.maxBacklog = maxBacklog;
    this.retryAfterMs = retryAfterMs;
  }
}
