import type { ConfigService } from '@nestjs/config';
import { optionsFromEnv, type RedisCacheOptions } from 'nestjs-redis-cache';
import type { DemoConfig } from './demo-config.js';

const REDIS_VARIABLES = ['REDIS_URL', 'REDIS_HOST', 'REDIS_SENTINELS', 'REDIS_CLUSTER_NODES'];

/** Redis when the environment names one, else memory, so that the demo runs with nothing beside it. */
export function cacheOptions(config: ConfigService): RedisCacheOptions {
  const named = REDIS_VARIABLES.some((name) => Boolean(config.get<string>(name)));
  const demo = config.getOrThrow<DemoConfig>('demo');
  return {
    ...optionsFromEnv((name) => config.get(name)),
    backend: named ? 'redis' : 'memory',
    // Of each queue, hence of each tenant.
    queue: { maxLength: demo.QUEUE_QUOTA },
    near: demo.CACHE_NEAR ? {} : undefined,
    getOrSet: {
      staleSeconds: demo.CACHE_STALE_SECONDS,
      softTimeoutMs: demo.CACHE_SOFT_TIMEOUT_MS,
      // At the end of the TTL there is nothing left to refresh ahead of.
      refreshAhead: demo.CACHE_REFRESH_AHEAD === 1 ? undefined : demo.CACHE_REFRESH_AHEAD,
    },
  };
}
