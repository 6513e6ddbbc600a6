import { RedisCacheError } from './redis-cache.error.js';

/** Tags that are not a short list of short texts. */
export class InvalidTagError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_TAG';
}
