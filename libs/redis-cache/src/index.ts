import 'reflect-metadata';

export { RedisCacheModule } from './redis-cache.module.js';
export type { RedisCacheModuleExtras, RedisCacheOptionsFactory } from './redis-cache.module-definition.js';
export type { ResponseToCache } from './redis-cache.parts.js';
export type { RedisCacheStatus } from './redis-cache-status.js';
export { RedisCacheService } from './redis-cache.service.js';
export {
  getRedisCacheHealthToken,
  getRedisCacheToken,
  InjectRedisCache,
  InjectRedisCacheHealth,
} from './redis-cache.tokens.js';
export { createRedisCache } from './create-redis-cache.js';
export { optionsFromEnv, type EnvLookup } from './config/env.js';
export { redisCacheConfig } from './config/redis-cache.config.js';
export type {
  HealthOptions,
  MemoryOptions,
  NamedQueueOptions,
  NearOptions,
  NodeAddress,
  QueueOptions,
  RedisCacheOptions,
  RedisConnectionOptions,
  WriteBehindOptions,
} from './config/redis-cache-options.js';
export type {
  GetOrSetDefaults,
  GetOrSetOptions,
  ResumeOptions,
  TicketOptions,
} from './config/get-or-set-options.js';
export type { CacheResult, CacheResultStatus, Factory, FactoryContext } from './cache/engine/cache-result.js';
export type { BytesHit, NearHit, PlainHits } from './cache/engine/plain-hits.js';
export type { ComputationTicket } from './cache/engine/computation-ticket.js';
export { AbandonedError } from './cache/single-flight/flight.js';
export { FactoryTimeoutError } from './errors/factory-timeout.error.js';
export { InvalidCallOptionError } from './errors/invalid-call-option.error.js';
export { InvalidTagError } from './errors/invalid-tag.error.js';
export { InvalidTicketError } from './errors/invalid-ticket.error.js';
export { RemoteFactoryError } from './errors/remote-factory.error.js';
export type { TallyBatch, WindowCount } from './backend/counter-store.js';
export { MAX_TALLY_FIELDS, MAX_WINDOW_MS } from './counters/shared-counters.js';
export type { CacheLookup } from './cache/response-cache.js';
export { cacheKey, type CacheKeyOptions } from './cache/canonical-key.js';
export { MAX_KEY_LENGTH } from './cache/cache-key.js';
export { MAX_TTL_SECONDS } from './cache/ttl.js';
export { RedisCacheHealthIndicator, type RedisCacheHealthDetails } from './health/redis-cache.health.js';
export type { GuardPhase } from './guard/guard.js';
export type { BreakerState } from './guard/circuit-breaker.js';
export {
  type LeaseOptions,
  type ListDeadOptions,
  type QueueStats,
  type ReleaseOptions,
  RequestQueue,
  type WaitOptions,
} from './queue/request-queue.js';
export {
  type ConsumerRegistration,
  createConsumerProvider,
  getRequestConsumerToken,
} from './queue/consumer/consumer-providers.js';
export type {
  HandlerContext,
  RequestConsumerOptions,
  RequestHandler,
} from './queue/consumer/consumer-options.js';
export { ConsumerSlots } from './queue/consumer/consumer-slots.js';
export { RequestConsumer } from './queue/consumer/request-consumer.js';
export { LeaseEndedError } from './errors/lease-ended.error.js';
export { RejectRequestError } from './errors/reject-request.error.js';
export { TryLaterError } from './errors/try-later.error.js';
export type { DeadRequest, ReplayOutcome } from './queue/dead-requests.js';
export type { QueueOutcome } from './queue/producing.js';
export type { ReservedRequest } from './queue/reservations.js';
export type { RedisCacheCounters } from './telemetry/counters.js';
export { RedisCacheError } from './errors/redis-cache.error.js';
export { InvalidKeyPartError } from './errors/invalid-key-part.error.js';
export { InvalidKeyError } from './errors/invalid-key.error.js';
export { InvalidOptionsError } from './errors/invalid-options.error.js';
export { InvalidTtlError } from './errors/invalid-ttl.error.js';
export { ValueTooLargeError } from './errors/value-too-large.error.js';
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
