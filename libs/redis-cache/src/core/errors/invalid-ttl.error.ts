import { RedisCacheError } from './redis-cache.error.js';

/** A TTL that is not a positive finite number of seconds, or lies above the maximum. */
export class InvalidTtlError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_TTL';
}
