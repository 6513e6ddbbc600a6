/**
 * Thrown by the handler of a `RequestConsumer`: nobody will ever be able to handle this request. It becomes a
 * dead letter at once, with the message as the reason.
 */
export class RejectRequestError extends Error {
  readonly code = 'ERR_QUEUE_REJECT';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RejectRequestError';
  }
}
