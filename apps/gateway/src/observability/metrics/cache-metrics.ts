import type { RedisCacheCounters, RedisCacheService, RedisCacheStatus } from 'nestjs-redis-cache';
import type { Registry } from 'prom-client';
import {
  type Collector,
  type Derived,
  derivedCounters,
  derivedGauges,
  type Update,
} from './derived-metrics.js';

const COUNTERS: Derived<RedisCacheCounters>[] = [
  {
    name: 'redis_cache_hits_total',
    help: 'Reads that found a stored value, by where it was found',
    label: 'source',
    read: { near: (counts) => counts.nearHits, redis: (counts) => counts.hits - counts.nearHits },
  },
  {
    name: 'redis_cache_misses_total',
    help: 'Reads that found no value, and values that were computed',
    read: (counts) => counts.misses,
  },
  {
    name: 'redis_cache_stale_total',
    help: 'Calls that got a value past its TTL',
    read: (counts) => counts.stale,
  },
  {
    name: 'redis_cache_collapsed_total',
    help: 'Calls that got a value computed by another call',
    read: (counts) => counts.collapsed,
  },
  {
    name: 'redis_cache_bypassed_total',
    help: 'Operations that returned their fallback without a command to Redis',
    read: (counts) => counts.bypassed,
  },
  {
    name: 'redis_cache_writes_total',
    help: 'Writes of values, by result',
    label: 'result',
    read: {
      stored: (counts) => counts.writes,
      failed: (counts) => counts.failedWrites,
      late: (counts) => counts.lateWrites,
      dropped: (counts) => counts.droppedWrites,
    },
  },
  {
    name: 'redis_cache_corrupt_total',
    help: 'Entries and requests that could not be read',
    read: (counts) => counts.corrupt,
  },
  {
    name: 'redis_cache_queue_requests_total',
    help: 'Requests added to the queue and taken from it',
    label: 'direction',
    read: { queued: (counts) => counts.queued, dequeued: (counts) => counts.dequeued },
  },
  {
    name: 'redis_cache_failures_total',
    help: 'Operations that got an error or no reply in time',
    label: 'kind',
    read: { timeout: (counts) => counts.timeouts, error: (counts) => counts.errors },
  },
  {
    name: 'redis_cache_breaker_trips_total',
    help: 'How often the circuit breaker opened',
    read: (counts) => counts.trips,
  },
];

const GAUGES: Derived<RedisCacheStatus>[] = [
  {
    name: 'redis_cache_breaker_state',
    help: 'State of the circuit breaker: 1 for the current state, 0 for the others',
    label: 'state',
    read: {
      closed: ({ breaker }) => Number(breaker === 'closed'),
      'half-open': ({ breaker }) => Number(breaker === 'half-open'),
      open: ({ breaker }) => Number(breaker === 'open'),
    },
  },
  {
    name: 'redis_cache_writable',
    help: 'Whether Redis accepts writes',
    read: ({ writable }) => Number(writable),
  },
  {
    name: 'redis_cache_near_bytes',
    help: 'Size of the near cache in this process, in bytes',
    read: ({ nearBytes }) => nearBytes,
  },
  {
    name: 'redis_cache_near_entries',
    help: 'Entries in the near cache of this process',
    read: ({ nearEntries }) => nearEntries,
  },
];

/** Counters and state of the cache. */
export class CacheMetrics implements Collector {
  readonly #updateCounters: Update<RedisCacheCounters>;
  readonly #updateGauges: Update<RedisCacheStatus>;

  constructor(
    private readonly cache: RedisCacheService,
    registry: Registry,
  ) {
    this.#updateCounters = derivedCounters(registry, COUNTERS);
    this.#updateGauges = derivedGauges(registry, GAUGES);
  }

  collect(): void {
    this.#updateCounters(this.cache.getCounters());
    this.#updateGauges(this.cache.getStatus());
  }
}
