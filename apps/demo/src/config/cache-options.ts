import type { ConfigService } from '@nestjs/config';
import { optionsFromEnv, type RedisCacheOptions } from 'nestjs-redis-cache';

const REDIS_VARIABLES = ['REDIS_URL', 'REDIS_HOST', 'REDIS_SENTINELS', 'REDIS_CLUSTER_NODES'];

/** Redis when the environment names one, else memory, so that the demo runs with nothing beside it. */
export function cacheOptions(config: ConfigService): RedisCacheOptions {
  const named = REDIS_VARIABLES.some((name) => Boolean(config.get<string>(name)));
  return { ...optionsFromEnv((name) => config.get(name)), backend: named ? 'redis' : 'memory', near: {} };
}
