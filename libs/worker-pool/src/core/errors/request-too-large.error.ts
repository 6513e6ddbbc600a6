import { InvalidRequestError } from './invalid-request.error.js';

/** The task is larger than the queue takes. */
export class RequestTooLargeError extends InvalidRequestError {
  override readonly code = 'ERR_REQUEST_TOO_LARGE';

  constructor(
    /** The limit, in bytes. */
    readonly maxBytes: number,
  ) {
    super('request', `is larger than the limit of ${maxBytes} bytes as JSON`);
  }
}
