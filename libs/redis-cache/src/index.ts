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
export {
  CacheResponse,
  type CacheResponseDecorator,
  type CacheResponseOptions,
} from './http/cache-response.decorator.js';
export { CacheNotInjectedError } from './http/cache-not-injected.error.js';
export { ResponseCache, type ResponseCacheOptions } from './http/response-cache.decorator.js';
export { ResponseCacheInterceptor } from './http/response-cache.interceptor.js';
export {
  type CacheStatus,
  cacheStatusOf,
  formatCacheStatus,
  forwarded,
  type ForwardReason,
} from './http/cache-status.js';
export { entityTagOf, matchesEntityTag } from './http/entity-tag.js';
export { NO_DIRECTIVES, parseRequestDirectives, type RequestDirectives } from './http/request-directives.js';
