/**
 * Thrown by the handler of a `RequestConsumer`: what it needs is busy, which is no fault of the request. It is
 * given back without counting the delivery, and this consumer takes no other for `retryAfterMs` milliseconds.
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
