import { RedisCacheError } from './redis-cache.error.js';

/** A cache key that is not a string, is empty, too long, or not well-formed Unicode. */
export class InvalidKeyError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_KEY';
}
