import 'reflect-metadata';

export * from './core.js';
export { RedisCacheModule } from './nest/redis-cache.module.js';
export type {
  RedisCacheModuleExtras,
  RedisCacheOptionsFactory,
} from './nest/redis-cache.module-definition.js';
export {
  getRedisCacheHealthToken,
  getRedisCacheToken,
  InjectRedisCache,
  InjectRedisCacheHealth,
} from './nest/redis-cache.tokens.js';
export { redisCacheConfig } from './nest/redis-cache.config.js';
export { RedisCacheHealthIndicator, type RedisCacheHealthDetails } from './health/redis-cache.health.js';
export {
  type ConsumerRegistration,
  createConsumerProvider,
  getRequestConsumerToken,
} from './nest/consumer-providers.js';
export * from './http/index.js';
