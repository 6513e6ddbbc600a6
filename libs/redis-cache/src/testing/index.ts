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
export { ChaosBackend, type ChaosCounts } from './chaos/chaos-backend.js';
export { ChaosError, type ChaosOptions } from './chaos/chaos-options.js';
export { MemoryBackend, type MemoryBackendOptions } from '../core.js';
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
export type {
  StreamAppend,
  StreamAppended,
  StreamReading,
  StreamRecord,
  StreamStore,
} from '../core/backend/stream-store.js';
export type { TagStore } from '../core/backend/backend.js';
