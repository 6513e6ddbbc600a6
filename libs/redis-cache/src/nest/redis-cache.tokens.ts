import { Inject, type InjectionToken } from '@nestjs/common';
import { RedisCacheHealthIndicator } from '../health/redis-cache.health.js';
import { RedisCacheService } from '../core/redis-cache.service.js';

/**
 * Token of an instance: the class itself for the plain one, a token of its own for a named one.
 *
 * @example
 * { provide: Answers, useFactory: (cache: RedisCacheService) => new Answers(cache), inject: [getRedisCacheToken('answers')] }
 */
export function getRedisCacheToken(name?: string): InjectionToken<RedisCacheService> {
  return name === undefined ? RedisCacheService : `RedisCacheService:${name}`;
}

/** Token of the health indicator that belongs to an instance. */
export function getRedisCacheHealthToken(name?: string): InjectionToken<RedisCacheHealthIndicator> {
  return name === undefined ? RedisCacheHealthIndicator : `RedisCacheHealthIndicator:${name}`;
}

/**
 * Injects an instance, by name or the plain one.
 *
 * @example
 * constructor(@InjectRedisCache('answers') private readonly cache: RedisCacheService) {}
 */
export function InjectRedisCache(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getRedisCacheToken(name));
}

/**
 * Injects the health indicator of an instance, by name or the plain one.
 *
 * @example
 * constructor(@InjectRedisCacheHealth('answers') private readonly redis: RedisCacheHealthIndicator) {}
 */
export function InjectRedisCacheHealth(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getRedisCacheHealthToken(name));
}
