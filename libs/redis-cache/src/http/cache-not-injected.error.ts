import { RedisCacheError } from '../core/errors/errors.js';

/** A `@CacheResponse()` method of an object that Nest did not create, so that it has no cache. */
export class CacheNotInjectedError extends RedisCacheError {
  readonly code = 'ERR_CACHE_NOT_INJECTED';

  constructor(method: string) {
    super(
      method,
      'has no RedisCacheService: let Nest create the object, as a class provider or a controller',
    );
  }
}
