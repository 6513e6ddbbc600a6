import 'reflect-metadata';

export { FakeClock, type Clock } from './fake-clock.js';
export { createTestingCache, type TestingCacheOptions } from './create-testing-cache.js';
export {
  RedisCacheTestingModule,
  type RedisCacheTestingModuleOptions,
} from './redis-cache-testing.module.js';
export {
  backendConformance,
  type BackendUnderTest,
  type ConformanceOptions,
  type TestFramework,
} from './conformance/backend-conformance.js';
export type { PlantForeign } from './conformance/foreign-promises.js';
export { ChaosBackend, type ChaosTally } from './chaos/chaos-backend.js';
export type { ChaosOptions } from './chaos/chaos-options.js';
export { ChaosError } from './chaos/chaos.error.js';
export { MemoryBackend, type MemoryBackendOptions } from '../core/backend/memory/memory-backend.js';
export type { Backend, ClearCursor, EntryStore, LinkListener } from '../core/backend/backend.js';
export type { CounterStore, TallyBatch, WindowCount } from '../core/backend/backend.js';
export type { CacheEvent, CacheEventListener, EventChannel } from '../core/backend/backend.js';
export type { LeaseAttempt, LeaseOutcome, LeaseRequest, LeaseStore } from '../core/backend/backend.js';
export type {
  ArrivalChannel,
  ArrivalListener,
  StoredDeadLetter,
  DeadLetterPolicy,
  QueueContents,
  QueueStore,
  ReleaseResult,
  ReleaseSettings,
  Reservation,
} from '../core/backend/queue-store.js';
export type { TagStore } from '../core/backend/backend.js';
