import 'reflect-metadata';

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
export {
  NO_DIRECTIVES,
  parseRequestDirectives,
  type RequestCacheAction,
  RequestCachePolicy,
  type RequestDirectives,
} from './request-policy.js';
