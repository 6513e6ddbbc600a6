/**
 * Base of the errors that report wrong arguments and wrong options. Faults of Redis are never thrown: each
 * operation returns its documented fallback instead.
 */
export abstract class RedisCacheError extends Error {
  /** Stable code, such as `ERR_CACHE_INVALID_KEY`. */
  abstract readonly code: string;

  constructor(
    /** Name of the offending argument or option, such as `ttlSeconds` or `connection.port`. */
    readonly field: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${field} ${problem}`, options);
    this.name = new.target.name;
  }
}

/** A module option or environment variable with a wrong value. The message never contains the value. */
export class InvalidOptionsError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_OPTIONS';
}

/** An option of a call that has a wrong type or is out of range. */
export class InvalidCallOptionError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_OPTION';
}

/** A cache key that is not a string, is empty, too long, or not well-formed Unicode. */
export class InvalidKeyError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_KEY';
}

/** A value given to `cacheKey` that JSON cannot represent faithfully: two inputs could get one key. */
export class InvalidKeyPartError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_KEY_PART';
}

/** A TTL that is not a positive finite number of seconds, or lies above the maximum. */
export class InvalidTtlError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_TTL';
}

/** Tags that are not a short list of short texts. */
export class InvalidTagError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_TAG';
}

/** A ticket that neither `ticketFor` nor `getOrSet` created, or that was damaged in transit. */
export class InvalidTicketError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_TICKET';
}

/** A response above `maxValueBytes`, or a request above `queue.maxRequestBytes`. */
export class ValueTooLargeError extends RedisCacheError {
  readonly code = 'ERR_CACHE_VALUE_TOO_LARGE';

  constructor(
    field: string,
    /** Size of the value as JSON, in bytes; at least this much if its texts alone exceed the limit. */
    readonly bytes: number,
    /** The limit, in bytes. */
    readonly limit: number,
    isExact = true,
  ) {
    super(field, `takes ${isExact ? '' : 'at least '}${bytes} bytes as JSON; the limit is ${limit}`);
  }
}

/** A factory ran longer than `hardTimeoutMs`. */
export class FactoryTimeoutError extends RedisCacheError {
  readonly code = 'ERR_CACHE_FACTORY_TIMEOUT';

  constructor(hardTimeoutMs: number) {
    super('factory', `took longer than ${hardTimeoutMs} ms`);
  }
}

/**
 * A factory failed in another process, or earlier in any process (`negativeTtlSeconds`). Carries the original
 * error's message and, if it had them, its `code` and `retryAfterMs`.
 */
export class RemoteFactoryError extends Error {
  constructor(
    message: string,
    /** Code of the original error, or `ERR_CACHE_REMOTE_FACTORY`. */
    readonly code: string = 'ERR_CACHE_REMOTE_FACTORY',
    /** The original error's `retryAfterMs`: how long to wait before the next attempt, in milliseconds. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
    this.name = 'RemoteFactoryError';
  }
}

/**
 * A stream of `getOrStream` ended before its last piece, after the reader had received some: the process that produced
 * it died, or its pieces could no longer be read from Redis. The pieces of another computation never follow.
 */
export class StreamInterruptedError extends Error {
  readonly code = 'ERR_STREAM_INTERRUPTED';

  constructor(message = 'the stream was interrupted before its last piece') {
    super(message);
    this.name = 'StreamInterruptedError';
  }
}

/**
 * Abort reason of a queue handler's signal: the consumer no longer holds the request, because its lease was lost
 * or because `drainTimeoutMs` has passed at shutdown. The handler's outcome no longer affects the queue.
 */
export class LeaseEndedError extends Error {
  readonly code = 'ERR_QUEUE_LEASE_ENDED';

  constructor(message: string) {
    super(message);
    this.name = 'LeaseEndedError';
  }
}

/**
 * To be thrown by the handler of a `RequestConsumer` when a request can never be handled. It becomes a dead
 * letter at once, with the message as its reason.
 */
export class RejectRequestError extends Error {
  readonly code = 'ERR_QUEUE_REJECT';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RejectRequestError';
  }
}

/**
 * To be thrown by the handler of a `RequestConsumer` when a resource that it needs is busy. The request returns to
 * the queue without counting the delivery, and the consumer reserves no other for `retryAfterMs` milliseconds.
 */
export class TryLaterError extends Error {
  readonly code = 'ERR_QUEUE_TRY_LATER';

  constructor(
    readonly retryAfterMs: number,
    options?: ErrorOptions,
  ) {
    super(`busy; to be tried again after ${retryAfterMs} ms`, options);
    this.name = 'TryLaterError';
  }
}
