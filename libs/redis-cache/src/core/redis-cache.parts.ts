import type { Backend } from './backend/backend.js';
import type { GetOrSet } from './cache/get-or-set.js';
import type { GetOrStream } from './cache/get-or-stream.js';
import type { Invalidation } from './cache/invalidation.js';
import type { KeyPages } from './cache/key-pages.js';
import type { Lookups } from './cache/lookup.js';
import type { ResponseWriter } from './cache/response-writer.js';
import type { Resumption } from './cache/resumption.js';
import type { RedisCacheCounters } from './counters/counters.js';
import type { SharedCounters } from './shared-counters.js';
import type { EvictionWatch } from './guard/eviction-watch.js';
import type { Guard, GuardStatus } from './guard/guard.js';
import type { NearCache } from './near/near-cache.js';
import type { RequestQueues } from './queue/request-queues.js';

/** The parts of a service; `assemble` creates them. Whoever logs the service must not log them: they hold the password. */
export interface RedisCacheParts {
  backend: Backend;
  guard: Guard;
  near: NearCache;
  lookups: Lookups;
  writer: ResponseWriter;
  getOrSet: GetOrSet;
  getOrStream: GetOrStream;
  resumption: Resumption;
  invalidation: Invalidation;
  keyPages: KeyPages;
  queues: RequestQueues;
  sharedCounters: SharedCounters;
  evictions: EvictionWatch;
  counters: RedisCacheCounters;
}

/** State of an instance, known without a round trip. */
export interface RedisCacheStatus extends GuardStatus {
  backend: 'redis' | 'memory';
  /** Number of near copies; 0 without a near cache. */
  nearEntries: number;
  /** Size of the near copies in bytes, as counted against `near.maxBytes`. */
  nearBytes: number;
}
