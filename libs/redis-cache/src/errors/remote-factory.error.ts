/**
 * A factory failed, but not here: in another process, or earlier (`negativeTtlSeconds`). The message is
 * that of the original error, and so is `code`, if it had one.
 */
export class RemoteFactoryError extends Error {
  constructor(
    message: string,
    /** Code of the original error, or `ERR_CACHE_REMOTE_FACTORY`. */
    readonly code: string = 'ERR_CACHE_REMOTE_FACTORY',
  ) {
    super(message);
    this.name = 'RemoteFactoryError';
  }
}
