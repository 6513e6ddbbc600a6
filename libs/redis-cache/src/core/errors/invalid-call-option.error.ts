import { RedisCacheError } from './redis-cache.error.js';

/** An option of a call that is out of its range. */
export class InvalidCallOptionError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_OPTION';
}
