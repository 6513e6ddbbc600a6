/**
 * A factory failed, but not here: in another process, or earlier (`negativeTtlSeconds`). The message is
 * that of the original error, and so are `code` and `retryAfterMs`, if it had them.
 */
export class RemoteFactoryError extends Error {
  constructor(
    message: string,
    /** Code of the original error, or `ERR_CACHE_REMOTE_FACTORY`. */
    readonly code: string = 'ERR_CACHE_REMOTE_FACTORY',
    /** After how many milliseconds the original error wanted to be tried again. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
    this.name = 'RemoteFactoryError';
  }
}
