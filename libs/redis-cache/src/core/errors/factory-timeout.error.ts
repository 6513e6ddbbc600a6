import { RedisCacheError } from './redis-cache.error.js';

/** A factory ran longer than `hardTimeoutMs`. */
export class FactoryTimeoutError extends RedisCacheError {
  readonly code = 'ERR_CACHE_FACTORY_TIMEOUT';

  constructor(hardTimeoutMs: number) {
    super('factory', `took longer than ${hardTimeoutMs} ms`);
  }
}
