import type { ConfigService } from '@nestjs/config';
import { optionsFromEnv, type RedisCacheOptions } from 'nestjs-redis-cache';
import type { GatewayConfig } from './gateway-config.js';

const REDIS_VARIABLES = ['REDIS_URL', 'REDIS_HOST', 'REDIS_SENTINELS', 'REDIS_CLUSTER_NODES'];

/** The cache's options: Redis if the environment names one, otherwise memory, so that the gateway runs on its own. */
export function cacheOptions(config: ConfigService): RedisCacheOptions {
  const named = REDIS_VARIABLES.some((name) => Boolean(config.get<string>(name)));
  const gateway = config.getOrThrow<GatewayConfig>('gateway');
  return {
    ...optionsFromEnv((name) => config.get(name)),
    backend: named ? 'redis' : 'memory',
    // Applies to each queue, therefore to each tenant.
    queue: { maxLength: gateway.QUEUE_QUOTA, maxBytes: gateway.QUEUE_QUOTA_BYTES },
    near: gateway.CACHE_NEAR ? {} : undefined,
    getOrSet: {
      staleSeconds: gateway.CACHE_STALE_SECONDS,
      softTimeoutMs: gateway.CACHE_SOFT_TIMEOUT_MS,
      // 1 is the end of the TTL: there is nothing left to refresh ahead of.
      refreshAhead: gateway.CACHE_REFRESH_AHEAD === 1 ? undefined : gateway.CACHE_REFRESH_AHEAD,
    },
  };
}
