import { RedisCacheError } from './redis-cache.error.js';

/** A module option or environment variable with a wrong value. The value itself is never repeated. */
export class InvalidOptionsError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_OPTIONS';
}
