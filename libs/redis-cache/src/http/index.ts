import 'reflect-metadata';

export { ConnectionDrain } from './connection-drain.js';
export { HttpCache, type HttpCacheOptions } from './http-cache.decorator.js';
export { HttpCacheInterceptor } from './http-cache.interceptor.js';
export {
  type CacheStatus,
  cacheStatusOf,
  entityTagOf,
  formatCacheStatus,
  forwarded,
  type ForwardReason,
  matchesEntityTag,
} from './response-headers.js';
export { RateLimiter, type RateLimiterOptions } from './rate-limiter.js';
export { type RequestCacheAction, RequestCachePolicy } from './request-policy.js';
