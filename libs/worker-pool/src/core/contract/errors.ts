/** Base class of every error of this package. `code` is stable; `cause` holds the underlying error, if any. */
export abstract class WorkerPoolError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

// Options and lifecycle of the pool

/** An option of the pool or of an executor is missing or invalid. */
export class InvalidPoolOptionsError extends WorkerPoolError {
  readonly code = 'ERR_INVALID_POOL_OPTIONS';

  constructor(
    /** Name of the invalid option, such as `concurrency`. */
    readonly field: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`worker pool option ${field} ${problem}`, options);
  }
}

/** The pool is shutting down or has shut down: it accepts no new task and ends those that outlast the drain time. */
export class PoolClosedError extends WorkerPoolError {
  readonly code = 'ERR_POOL_CLOSED';

  constructor() {
    super('the worker pool has shut down');
  }
}

/** This process only runs tasks, because its pool has the role `worker`. */
export class PoolRoleError extends WorkerPoolError {
  readonly code = 'ERR_POOL_ROLE';

  constructor() {
    super('a pool with the role worker accepts no tasks');
  }
}

/** Figures of a {@link PoolSaturatedError}. */
export interface Saturation {
  /** Tasks that are waiting for a worker. */
  backlog: number;
  /** Maximum number of waiting tasks. */
  maxBacklog: number;
  /** Estimated milliseconds until a worker would be free for one more task. */
  retryAfterMs: number;
}

/** The backlog is full; nothing was queued. Try again after about `retryAfterMs`. */
export class PoolSaturatedError extends WorkerPoolError {
  readonly code = 'ERR_POOL_SATURATED';
  /** Tasks that were waiting for a worker. */
  readonly backlog: number;
  /** Maximum number of waiting tasks. */
  readonly maxBacklog: number;
  /**
   * Estimated wait of a task at the end of the queue, in milliseconds, at least 1. Derived from recent service
   * times, the concurrency and the backlog; suitable for `Retry-After`.
   */
  readonly retryAfterMs: number;

  constructor({ backlog, maxBacklog, retryAfterMs }: Saturation) {
    super(`the backlog is full: ${backlog} tasks are waiting, the maximum is ${maxBacklog}`);
    this.backlog = backlog;
    this.maxBacklog = maxBacklog;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The queue's Redis is unavailable, late, or refuses its user: nothing was submitted. Tasks accepted earlier are in Redis. */
export class PoolUnavailableError extends WorkerPoolError {
  readonly code = 'ERR_POOL_UNAVAILABLE';

  constructor(options?: ErrorOptions) {
    super('the queue of the worker pool is unavailable', options);
  }
}

// Requests

/** A field of a request, or an option of a submission, is missing or invalid. */
export class InvalidRequestError extends WorkerPoolError {
  readonly code: string = 'ERR_INVALID_REQUEST';

  constructor(
    /** Name of the invalid field, such as `max_tokens` or `messages.0.role`. */
    readonly field: string,
    problem: string,
  ) {
    super(`${field} ${problem}`);
  }
}

/** The request has a field that the executor cannot honour. The request is refused; the field is never dropped. */
export class UnsupportedParameterError extends InvalidRequestError {
  override readonly code = 'ERR_UNSUPPORTED_PARAMETER';

  constructor(field: string, executor: string, detail?: string) {
    super(field, `is not supported by the ${executor} executor${detail ? `: ${detail}` : ''}`);
  }
}

/** The task is larger than the queue accepts. */
export class RequestTooLargeError extends InvalidRequestError {
  override readonly code = 'ERR_REQUEST_TOO_LARGE';

  constructor(
    /** The limit, in bytes. */
    readonly maxBytes: number,
  ) {
    super('request', `is larger than the limit of ${maxBytes} bytes as JSON`);
  }
}

/** The executor cannot count the tokens of a request without executing it. */
export class CannotCountTokensError extends WorkerPoolError {
  readonly code = 'ERR_CANNOT_COUNT_TOKENS';

  constructor(executor: string) {
    super(`the ${executor} executor cannot count tokens`);
  }
}

// Tasks

/** The task never existed, or its result is no longer kept. */
export class TaskNotFoundError extends WorkerPoolError {
  readonly code = 'ERR_TASK_NOT_FOUND';

  constructor(readonly taskId: string) {
    super('no such task, or its result is no longer kept');
  }
}

/** The task had not ended when the wait for its result timed out. The task itself continues. */
export class ResultTimeoutError extends WorkerPoolError {
  readonly code = 'ERR_RESULT_TIMEOUT';

  constructor(
    readonly taskId: string,
    /** Duration of the wait, in milliseconds. */
    readonly timeoutMs: number,
  ) {
    super(`the task had not ended after ${timeoutMs} ms`);
  }
}

/** The task was accepted, but Redis no longer has it: it restarted without its data, or evicted the task. */
export class TaskLostError extends WorkerPoolError {
  readonly code = 'ERR_TASK_LOST';

  constructor(readonly taskId: string) {
    super('the queue no longer has the task: its Redis has lost data');
  }
}

/**
 * Thrown by the iteration of a `TaskStream` that has yielded events and cannot continue with those that follow them:
 * the worker that emitted them died or lost the task, or Redis lost events (`bullmq`). The task itself may run again;
 * `result()` waits for it.
 */
export class TaskStreamInterruptedError extends WorkerPoolError {
  readonly code = 'ERR_TASK_STREAM_INTERRUPTED';

  constructor(readonly taskId: string) {
    super('the events of the task were interrupted: those that follow belong to another run, or are lost');
  }
}

/** Thrown by a `TaskStream` whose events have exceeded `maxStreamBytes`. The task continues; `result()` waits for it. */
export class TaskStreamTooLargeError extends WorkerPoolError {
  readonly code = 'ERR_TASK_STREAM_TOO_LARGE';

  constructor(readonly taskId: string) {
    super('the events of the task are larger than maxStreamBytes');
  }
}

/** The run exceeded its time limit. Reason of the executor's signal, and `error` of the task's result. */
export class TaskTimeoutError extends WorkerPoolError {
  readonly code = 'ERR_TASK_TIMEOUT';

  constructor(
    /** The limit, in milliseconds. */
    readonly timeoutMs: number,
  ) {
    super(`the run took longer than its limit of ${timeoutMs} ms`);
  }
}

/** The task was cancelled. Reason of the executor's signal, and `error` of the task's result. */
export class TaskCancelledError extends WorkerPoolError {
  readonly code = 'ERR_TASK_CANCELLED';

  constructor() {
    super('the task was cancelled');
  }
}

/** `error` of the result of a task whose workers died repeatedly. */
export class TaskAbandonedError extends WorkerPoolError {
  readonly code = 'ERR_TASK_ABANDONED';

  constructor(
    /** How often the task was started. */
    readonly attempts: number,
  ) {
    super(`every worker that ran the task died: it was started ${attempts} times`);
  }
}

/** Reason of the executor's signal when its worker has lost the task: another worker may be running it. */
export class TaskClaimLostError extends WorkerPoolError {
  readonly code = 'ERR_TASK_CLAIM_LOST';

  constructor() {
    super('the worker lost its claim to the task');
  }
}

// Executors

/** What the service behind an executor returned instead of a completion. Plain data: it is part of the result. */
export interface UpstreamFailure {
  /** HTTP status; `null` when no response was received. */
  status: number | null;
  /** Error type as named by the service, such as `rate_limit_error`; `null` when it named none. */
  type: string | null;
  /** When to try again, in milliseconds from the failure; `null` when the service did not say. */
  retryAfterMs: number | null;
  /**
   * Whether the caller should not repeat the request: the service had begun its answer, which then may have been paid
   * for, or the executor has repeated it already. Absent: no.
   */
  isFinal?: boolean;
  /** The service's id of the request, for its support. */
  requestId?: string | null;
  /**
   * The service's own error as JSON, without the key. It may quote the request: for its sender alone, never for a log;
   * not enumerable in an error. Absent when there is none, or when it is longer than 16,384 characters.
   */
  body?: string;
}

/** Options of an {@link ExecutorError}. */
export interface ExecutorErrorOptions extends ErrorOptions {
  /** The failure of the service behind the executor, if that is what failed. */
  upstream?: UpstreamFailure;
  /** What only the operator may know, such as a path or a program's own words. Never the prompt or a secret. */
  logDetail?: string;
}

/**
 * The executor could not produce a completion. The message is part of the result, which clients may read: it contains no
 * prompt, no secret, no path, no address and no output of a program; those of the machine belong in `logDetail`.
 */
export class ExecutorError extends WorkerPoolError {
  readonly code: string = 'ERR_EXECUTOR_FAILED';
  /** Present when a service behind the executor refused the request or failed. */
  readonly upstream?: UpstreamFailure;
  /** Written to the log together with the message and the id of the task; not part of the task's result. */
  readonly logDetail?: string;

  constructor(message: string, { upstream, logDetail, ...options }: ExecutorErrorOptions = {}) {
    super(message, options);
    this.upstream = upstream;
    if (logDetail) this.logDetail = logDetail;
  }
}

/** The executor returned something that is not a `Completion`. */
export class MalformedCompletionError extends ExecutorError {
  override readonly code = 'ERR_MALFORMED_COMPLETION';

  constructor(
    /** Name of the invalid field, such as `usage.input_tokens`. */
    readonly field: string,
  ) {
    super(`the executor returned a malformed completion: ${field} is missing or invalid`);
  }
}

/** The completion is larger than the queue accepts. */
export class ResultTooLargeError extends ExecutorError {
  override readonly code = 'ERR_RESULT_TOO_LARGE';

  constructor(
    /** The limit, in bytes. */
    readonly maxBytes: number,
  ) {
    super(`the completion is larger than the limit of ${maxBytes} bytes as JSON`);
  }
}
