import { Logger, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import type { RedisCacheOptions } from '../core/options/redis-cache-options.js';
import { resolveOptions } from '../core/options/redis-cache-options.schema.js';
import { cacheLabel, createRedisCache } from '../core/create-redis-cache.js';
import { RedisCacheHealthIndicator } from '../health/redis-cache.health.js';
import { MODULE_OPTIONS_TOKEN } from './redis-cache.module-definition.js';
import type { RedisCacheService } from '../core/redis-cache.service.js';
import { getRedisCacheHealthToken, getRedisCacheToken } from './redis-cache.tokens.js';

/** The service of an instance. */
export function createServiceProvider(name: string | undefined): Provider {
  return {
    provide: getRedisCacheToken(name),
    useFactory: (options: RedisCacheOptions) =>
      createRedisCache(options, { logger: new Logger(cacheLabel(name)) }),
    inject: [MODULE_OPTIONS_TOKEN],
  };
}

/** The health indicator of an instance. */
export function createHealthProvider(name: string | undefined): Provider {
  return {
    provide: getRedisCacheHealthToken(name),
    useFactory: (cache: RedisCacheService, indicators: HealthIndicatorService, options: RedisCacheOptions) =>
      new RedisCacheHealthIndicator(cache, indicators, resolveOptions(options).health),
    inject: [getRedisCacheToken(name), HealthIndicatorService, MODULE_OPTIONS_TOKEN],
  };
}

class CacheShutdown implements OnApplicationShutdown {
  constructor(private readonly cache: RedisCacheService) {}

  // Not in onModuleDestroy: requests that are still in progress need the cache until then.
  async onApplicationShutdown(): Promise<void> {
    await this.cache.close();
  }
}

/** Closes an instance when the application shuts down. */
export function createShutdownProvider(name: string | undefined): Provider {
  return {
    provide: CacheShutdown,
    useFactory: (cache: RedisCacheService) => new CacheShutdown(cache),
    inject: [getRedisCacheToken(name)],
  };
}
