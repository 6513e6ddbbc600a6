import { RedisCacheError } from './redis-cache.error.js';

/** A response above `maxValueBytes`, or a request above `queue.maxRequestBytes`. */
export class ValueTooLargeError extends RedisCacheError {
  readonly code = 'ERR_CACHE_VALUE_TOO_LARGE';

  constructor(
    field: string,
    /** Size of the value as JSON, in bytes. */
    readonly bytes: number,
    /** The limit, in bytes. */
    readonly limit: number,
  ) {
    super(field, `takes ${bytes} bytes as JSON; the limit is ${limit}`);
  }
}
