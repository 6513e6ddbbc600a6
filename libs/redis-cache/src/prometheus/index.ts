import { Counter, Gauge, type OpenMetricsContentType, type Registry } from 'prom-client';
import { OptionNames } from 'nestjs-redis-connection';
import {
  InvalidOptionsError,
  type RedisCacheCounters,
  type RedisCacheService,
  type RedisCacheStatus,
} from '../core.js';

/** Options of {@link registerCacheMetrics}. */
export interface CacheMetricsOptions {
  /**
   * Prepended to the name of each metric, so that one registry can hold the metrics of several caches: `answers_`
   * makes `answers_redis_cache_hits_total`. Default: empty.
   */
  prefix?: string;
}

const OPTIONS = new OptionNames<CacheMetricsOptions>(
  { prefix: true },
  (path, problem) => new InvalidOptionsError(path, problem),
);

interface Definition<Source, Value> {
  name: string;
  help: string;
  read: (source: Source) => Value;
}

interface CounterDefinition extends Definition<RedisCacheCounters, number | Record<string, number>> {
  /** The label's name. With it `read` returns one count per label value, without it a single count. */
  label?: string;
}

const COUNTERS: readonly CounterDefinition[] = [
  {
    name: 'redis_cache_hits_total',
    help: 'Reads that found a stored value, by where it was found',
    label: 'source',
    read: ({ hits, nearHits }) => ({ near: nearHits, redis: hits - nearHits }),
  },
  {
    name: 'redis_cache_misses_total',
    help: 'Reads that found no value, and values that were computed',
    read: ({ misses }) => misses,
  },
  {
    name: 'redis_cache_stale_total',
    help: 'Calls that got a value past its TTL',
    read: ({ stale }) => stale,
  },
  {
    name: 'redis_cache_collapsed_total',
    help: 'Calls that got a value computed by another call',
    read: ({ collapsed }) => collapsed,
  },
  {
    name: 'redis_cache_bypassed_total',
    help: 'Operations that returned their fallback without a command to Redis',
    read: ({ bypassed }) => bypassed,
  },
  {
    name: 'redis_cache_writes_total',
    help: 'Writes of values, by result',
    label: 'result',
    read: ({ writes, failedWrites, lateWrites, droppedWrites }) => ({
      stored: writes,
      failed: failedWrites,
      late: lateWrites,
      dropped: droppedWrites,
    }),
  },
  {
    name: 'redis_cache_corrupt_total',
    help: 'Entries and requests that could not be read',
    read: ({ corrupt }) => corrupt,
  },
  {
    name: 'redis_cache_undecryptable_total',
    help: 'Entries, requests and other stored data that could not be decrypted',
    read: ({ undecryptable }) => undecryptable,
  },
  {
    name: 'redis_cache_queue_requests_total',
    help: 'Requests added to the queue and taken from it',
    label: 'direction',
    read: ({ queued, dequeued }) => ({ queued, dequeued }),
  },
  {
    name: 'redis_cache_failures_total',
    help: 'Operations that got an error or no reply in time',
    label: 'kind',
    read: ({ timeouts, errors }) => ({ timeout: timeouts, error: errors }),
  },
  {
    name: 'redis_cache_breaker_trips_total',
    help: 'How often the circuit breaker opened',
    read: ({ trips }) => trips,
  },
];

const GAUGES: readonly Definition<RedisCacheStatus, number>[] = [
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

const BREAKER_STATES = ['closed', 'half-open', 'open'] as const;

/**
 * Adds the counters and the state of a cache to a registry of `prom-client`. The values are read from the cache at each
 * scrape, without a command to Redis, so a scrape is as fast while Redis is unavailable. All names begin with
 * `redis_cache_`; no label has values that clients choose. The counters cover this process since its start.
 *
 * @throws {InvalidOptionsError} an unknown option
 * @throws {Error} from `prom-client` if a name is already registered or the prefix makes it invalid
 * @example
 * const registry = new Registry();
 * registerCacheMetrics(cache, registry);
 * console.log(await registry.metrics());
 */
export function registerCacheMetrics(
  cache: Pick<RedisCacheService, 'getCounters' | 'getStatus'>,
  registry: Registry | Registry<OpenMetricsContentType>,
  options: CacheMetricsOptions = {},
): void {
  OPTIONS.check(options);
  const { prefix = '' } = options;
  const status = (): RedisCacheStatus => cache.getStatus();
  const metrics = [
    ...COUNTERS.map((definition) => counterOf(definition, prefix, () => cache.getCounters())),
    breakerGauge(prefix, status),
    ...GAUGES.map((definition) => gaugeOf(definition, prefix, status)),
  ];
  for (const metric of metrics) registry.registerMetric(metric);
}

function counterOf(
  { name, help, label = '', read }: CounterDefinition,
  prefix: string,
  counters: () => RedisCacheCounters,
): Counter {
  return new Counter({
    name: `${prefix}${name}`,
    help,
    labelNames: label ? [label] : [],
    registers: [],
    collect() {
      const values = read(counters());
      // The cache itself counts, so its values replace those of the previous scrape.
      this.reset();
      if (typeof values === 'number') this.inc(values);
      else for (const [value, count] of Object.entries(values)) this.inc({ [label]: value }, count);
    },
  });
}

function breakerGauge(prefix: string, status: () => RedisCacheStatus): Gauge {
  return new Gauge({
    name: `${prefix}redis_cache_breaker_state`,
    help: 'State of the circuit breaker: 1 for the current state, 0 for the others',
    labelNames: ['state'],
    registers: [],
    collect() {
      const { breaker } = status();
      for (const state of BREAKER_STATES) this.set({ state }, Number(breaker === state));
    },
  });
}

function gaugeOf(
  { name, help, read }: Definition<RedisCacheStatus, number>,
  prefix: string,
  status: () => RedisCacheStatus,
): Gauge {
  return new Gauge({
    name: `${prefix}${name}`,
    help,
    registers: [],
    collect() {
      this.set(read(status()));
    },
  });
}
