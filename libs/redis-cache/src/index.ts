import 'reflect-metadata';

export * from './core.js';
export { RedisCacheModule } from './nest/redis-cache.module.js';
export type { RedisCacheModuleExtras, RedisCacheOptionsFactory } from './nest/redis-cache.providers.js';
export { getRedisCacheToken, InjectRedisCache } from './nest/redis-cache.tokens.js';
export {
  type ConsumerRegistration,
  createConsumerProvider,
  getRequestConsumerToken,
} from './nest/consumer-providers.js';
export {
  Cached,
  type CachedDecorator,
  type CachedOptions,
  CacheNotInjectedError,
} from './nest/cached.decorator.js';
export {
  CachedStream,
  type CachedStreamDecorator,
  type CachedStreamOptions,
} from './nest/cached-stream.decorator.js';
export {
  getRedisCacheHealthToken,
  InjectRedisCacheHealth,
  type RedisCacheHealthDetails,
  RedisCacheHealthIndicator,
  type RedisCacheHealthResult,
  type RedisCacheHealthStatus,
} from './health/index.js';
