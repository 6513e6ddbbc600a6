import { RedisCacheError } from './redis-cache.error.js';

/** A part of a key that cannot be written without becoming like another one. */
export class InvalidKeyPartError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_KEY_PART';
}
