import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type OpenMetricsContentType, Registry } from 'prom-client';
import {
  createRedisCache,
  type RedisCacheCounters,
  type RedisCacheService,
  type RedisCacheStatus,
} from '../core.js';
import { registerCacheMetrics } from './index.js';

let cache: RedisCacheService;
let registry: Registry;

beforeEach(() => {
  cache = createRedisCache({ backend: 'memory' });
  registry = new Registry();
});

afterEach(() => cache.close());

const linesOf = async (pattern: RegExp): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => pattern.test(line));

describe('registerCacheMetrics', () => {
  it('sets counters to the values of the cache instead of adding them up over scrapes', async () => {
    registerCacheMetrics(cache, registry);
    await cache.getOrSet('a', async () => 1);
    await cache.getOrSet('a', async () => 1);
    const pattern = /^redis_cache_(?:hits|misses)/;
    const expected = [
      'redis_cache_hits_total{source="near"} 0',
      'redis_cache_hits_total{source="redis"} 1',
      'redis_cache_misses_total 1',
    ];
    expect(await linesOf(pattern)).toEqual(expected);
    expect(await linesOf(pattern)).toEqual(expected);
    await cache.getOrSet('a', async () => 1);
    expect(await linesOf(pattern)).toContain('redis_cache_hits_total{source="redis"} 2');
  });

  it('reports every counter under its name and label', async () => {
    const numbered = Object.keys(cache.getCounters()).map((name, index) => [name, index + 1]);
    const counters = { ...Object.fromEntries(numbered), hits: 30, nearHits: 10 } as RedisCacheCounters;
    registerCacheMetrics({ getCounters: () => counters, getStatus: () => cache.getStatus() }, registry);
    expect(await linesOf(/^redis_cache_.*total/)).toEqual([
      'redis_cache_hits_total{source="near"} 10',
      'redis_cache_hits_total{source="redis"} 20',
      `redis_cache_misses_total ${counters.misses}`,
      `redis_cache_stale_total ${counters.stale}`,
      `redis_cache_collapsed_total ${counters.collapsed}`,
      `redis_cache_bypassed_total ${counters.bypassed}`,
      `redis_cache_writes_total{result="stored"} ${counters.writes}`,
      `redis_cache_writes_total{result="failed"} ${counters.failedWrites}`,
      `redis_cache_writes_total{result="late"} ${counters.lateWrites}`,
      `redis_cache_writes_total{result="dropped"} ${counters.droppedWrites}`,
      `redis_cache_corrupt_total ${counters.corrupt}`,
      `redis_cache_undecryptable_total ${counters.undecryptable}`,
      `redis_cache_queue_requests_total{direction="queued"} ${counters.queued}`,
      `redis_cache_queue_requests_total{direction="dequeued"} ${counters.dequeued}`,
      `redis_cache_failures_total{kind="timeout"} ${counters.timeouts}`,
      `redis_cache_failures_total{kind="error"} ${counters.errors}`,
      `redis_cache_breaker_trips_total ${counters.trips}`,
    ]);
  });

  it('reports the state of the breaker, whether Redis accepts writes, and the near cache', async () => {
    let status: RedisCacheStatus = { ...cache.getStatus(), nearBytes: 640, nearEntries: 2 };
    registerCacheMetrics({ getCounters: () => cache.getCounters(), getStatus: () => status }, registry);
    const pattern = /^redis_cache_(?:breaker_state|writable|near)/;
    expect(await linesOf(pattern)).toEqual([
      'redis_cache_breaker_state{state="closed"} 1',
      'redis_cache_breaker_state{state="half-open"} 0',
      'redis_cache_breaker_state{state="open"} 0',
      'redis_cache_writable 1',
      'redis_cache_near_bytes 640',
      'redis_cache_near_entries 2',
    ]);
    status = { ...status, breaker: 'open', writable: false };
    expect(await linesOf(pattern)).toEqual([
      'redis_cache_breaker_state{state="closed"} 0',
      'redis_cache_breaker_state{state="half-open"} 0',
      'redis_cache_breaker_state{state="open"} 1',
      'redis_cache_writable 0',
      'redis_cache_near_bytes 640',
      'redis_cache_near_entries 2',
    ]);
  });

  it('prepends the prefix, so that one registry can hold several caches', async () => {
    const other = createRedisCache({ backend: 'memory' });
    registerCacheMetrics(cache, registry);
    registerCacheMetrics(other, registry, { prefix: 'answers_' });
    await cache.getCachedResponse('a');
    expect(await linesOf(/misses_total \d/)).toEqual([
      'redis_cache_misses_total 1',
      'answers_redis_cache_misses_total 0',
    ]);
    await other.close();
  });

  it('throws for a name that is already registered and for a prefix that is no name', () => {
    registerCacheMetrics(cache, registry);
    expect(() => registerCacheMetrics(cache, registry)).toThrow('has already been registered');
    expect(() => registerCacheMetrics(cache, new Registry(), { prefix: 'a b' })).toThrow(
      'Invalid metric name',
    );
  });

  it('fills a registry in the format of OpenMetrics', async () => {
    const open = new Registry<OpenMetricsContentType>();
    open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    registerCacheMetrics(cache, open);
    await cache.getCachedResponse('a');
    expect(await open.metrics()).toMatch(/^redis_cache_misses_total 1$/m);
    expect(await open.metrics()).toMatch(/^redis_cache_misses_total 1$/m);
  });
});
