import type { Backend } from './backend/backend.js';
import type { GetOrSet } from './cache/get-or-set.js';
import type { PlainHits } from './cache/plain-hits.js';
import type { Resumption } from './cache/resumption.js';
import type { Invalidation } from './cache/invalidation.js';
import type { NearCache } from './near/near-cache.js';
import type { ResponseCache } from './cache/response-cache.js';
import type { SharedCounters } from './counters/shared-counters.js';
import type { Guard } from './guard/guard.js';
import type { RequestQueues } from './queue/request-queues.js';
import type { RedisCacheCounters } from './counters/counters.js';

/** One response for `setMany`. */
export interface ResponseToCache {
  promptHash: string;
  response: unknown;
  /** Default: the module's `ttlSeconds`. */
  ttlSeconds?: number;
}

/** What a service is made of; see `createRedisCache`. */
export interface RedisCacheParts {
  backend: Backend;
  guard: Guard;
  cache: ResponseCache;
  queues: RequestQueues;
  getOrSet: GetOrSet;
  hits: PlainHits;
  resumption: Resumption;
  invalidation: Invalidation;
  near: NearCache;
  shared: SharedCounters;
  counters: RedisCacheCounters;
  ttlSeconds: number;
}
