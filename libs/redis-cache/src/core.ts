/**
 * `nestjs-redis-cache/core`: response cache and request queue without Nest, rxjs or reflect-metadata.
 */
export { type CacheDependencies, createRedisCache } from './core/create-redis-cache.js';
export { RedisCacheService } from './core/redis-cache.service.js';
export type { CacheLogger } from './core/util/cache-logger.js';

export type { NodeAddress, OperationWrapper, RedisConnectionOptions } from 'nestjs-redis-connection';
export type {
  CacheConnectionOptions,
  HealthOptions,
  MemoryOptions,
  NamedQueueOptions,
  NearOptions,
  QueueOptions,
  RedisCacheOptions,
  StreamsOptions,
  WriteBehindOptions,
} from './core/options/redis-cache-options.js';
export type {
  GetOrSetDefaults,
  GetOrSetOptions,
  GetOrStreamOptions,
  ResumeOptions,
  TicketOptions,
} from './core/options/get-or-set-options.js';
export { type EnvLookup, optionsFromEnv } from './core/options/env.js';
export { resolveOptions } from './core/options/redis-cache-options.schema.js';

export { cacheKey, type CacheKeyOptions } from './core/entry/cache-key.js';
export { MAX_KEY_LENGTH } from './core/entry/arguments.js';
export { MAX_TTL_SECONDS } from './core/entry/arguments.js';
export type { CacheResult, CacheResultStatus } from './core/cache/cache-result.js';
export { assertCallOptions } from './core/cache/settings.js';
export type { CacheStream } from './core/cache/cache-stream.js';
export type { StreamFactory } from './core/cache/stream-source.js';
export type { Factory, FactoryContext } from './core/cache/factory.js';
export type {
  BytesHit,
  BytesLookup,
  CacheLookup,
  LookupOptions,
  NoHit,
  ValueHit,
} from './core/cache/lookup.js';
export type { KeyPages } from './core/cache/key-pages.js';
export type { ComputationTicket } from './core/cache/computation-ticket.js';
export type { ResponseToCache } from './core/cache/response-writer.js';

export { type QueueStats, RequestQueue } from './core/queue/request-queue.js';
export type {
  LeaseOptions,
  ListDeadLettersOptions,
  ReleaseOptions,
  WaitOptions,
} from './core/queue/call-options.js';
export type { DeadLetter, ReplayOutcome } from './core/queue/dead-letters.js';
export type { QueueOutcome } from './core/queue/producer.js';
export type { ReservedRequest } from './core/queue/reservations.js';
export type { RequestConsumer } from './core/queue/request-consumer.js';
export { ConsumerSlots } from './core/queue/consumer-slots.js';
export type {
  HandlerContext,
  RequestConsumerOptions,
  RequestHandler,
} from './core/queue/consumer-options.js';

export type { EncryptionKey, EncryptionOptions } from './core/options/encryption-options.js';
export type { RedisCacheStatus } from './core/redis-cache.parts.js';
export type { GuardPhase } from './core/guard/guard.js';
export type { BreakerState } from './core/guard/circuit-breaker.js';
export type { RedisCacheCounters } from './core/counters/counters.js';
export { MAX_TALLY_FIELDS, MAX_WINDOW_MS, type SharedCounters } from './core/shared-counters.js';
export type {
  Backend,
  CallLimit,
  KeyPage,
  LimitCount,
  TallyBatch,
  WindowCount,
} from './core/backend/backend.js';
export { MemoryBackend, type MemoryBackendOptions } from './core/backend/memory/memory-backend.js';

export {
  CacheOperation,
  type CacheOperationName,
  OPERATION_END_CHANNEL,
  OPERATION_START_CHANNEL,
  type OperationOutcome,
  type QueueOperationName,
} from './core/telemetry/operation.js';
export {
  type CacheState,
  type CacheStateChange,
  type CacheStateDetails,
  STATE_CHANNEL,
} from './core/telemetry/state.js';

export { AbandonedError } from './core/cache/flight.js';
export {
  FactoryTimeoutError,
  InvalidCallOptionError,
  InvalidKeyError,
  InvalidKeyPartError,
  InvalidOptionsError,
  InvalidTagError,
  InvalidTicketError,
  InvalidTtlError,
  LeaseEndedError,
  RedisCacheError,
  RejectRequestError,
  RemoteFactoryError,
  StreamInterruptedError,
  TryLaterError,
  ValueTooLargeError,
} from './core/errors/errors.js';
export { ProcessHold } from './core/connection/process-hold.js';
