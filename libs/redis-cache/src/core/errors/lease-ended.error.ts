/**
 * Reason of a handler's signal: the request is no longer this consumer's, because its lease was lost, or because
 * the time to finish at a shutdown is over. What the handler still does has no effect on the queue.
 */
export class LeaseEndedError extends Error {
  readonly code = 'ERR_QUEUE_LEASE_ENDED';

  constructor(message: string) {
    super(message);
    this.name = 'LeaseEndedError';
  }
}
