import { Inject, type InjectionToken } from '@nestjs/common';
import { RedisCacheService } from '../core.js';

/**
 * Returns the injection token of an instance: the class itself for the default instance, a string for a named one.
 *
 * @example
 * { provide: Answers, useFactory: (cache: RedisCacheService) => new Answers(cache), inject: [getRedisCacheToken('answers')] }
 */
export function getRedisCacheToken(name?: string): InjectionToken<RedisCacheService> {
  return name === undefined ? RedisCacheService : `RedisCacheService:${name}`;
}

/**
 * Injects the named instance, or the default one.
 *
 * @example
 * constructor(@InjectRedisCache('answers') private readonly cache: RedisCacheService) {}
 */
export function InjectRedisCache(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getRedisCacheToken(name));
}
