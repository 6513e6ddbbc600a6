import 'reflect-metadata';

export {
  CacheResponse,
  type CacheResponseDecorator,
  type CacheResponseOptions,
} from './cache-response.decorator.js';
export { CacheNotInjectedError } from './cache-not-injected.error.js';
export { ResponseCache, type ResponseCacheOptions } from './response-cache.decorator.js';
export { ResponseCacheInterceptor } from './response-cache.interceptor.js';
export {
  type CacheStatus,
  cacheStatusOf,
  formatCacheStatus,
  forwarded,
  type ForwardReason,
} from './cache-status.js';
export { entityTagOf, matchesEntityTag } from './entity-tag.js';
export {
  NO_DIRECTIVES,
  parseRequestDirectives,
  type RequestCacheAction,
  RequestCachePolicy,
  type RequestDirectives,
} from './request-policy.js';
