import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheOptions, RedisCacheService } from 'nestjs-redis-cache';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { CutProxy, RedisServer, until } from '@test/support/index.js';
import { counted, failing, heldFactory } from './factories.js';

const TTL_SECONDS = 600;

let redis: RedisServer;
const caches = new Caches({ ttlSeconds: TTL_SECONDS });

beforeEach(async () => {
  LogCapture.start();
  redis = await RedisServer.start();
});

afterEach(async () => {
  await caches.closeAll();
  await redis.stop();
});

async function connected(options: RedisCacheOptions = {}): Promise<RedisCacheService> {
  const cache = caches.create({ connection: { url: redis.url }, ...options });
  expect(await cache.isConnected()).toBe(true);
  return cache;
}

async function goDown(...all: RedisCacheService[]): Promise<void> {
  await redis.kill();
  for (const cache of all) await untilPhase(cache, 'unavailable');
}

async function comeBack(...all: RedisCacheService[]): Promise<void> {
  await redis.restart();
  for (const cache of all) await untilPhase(cache, 'serving');
}

const untilWritten = (cache: RedisCacheService, count: number): Promise<unknown> =>
  until(() => cache.getCounters().lateWrites >= count, { what: `${count} late writes` });

describe('a value computed while Redis was down', () => {
  it('is stored once Redis is back, with its age and its remaining TTL', async () => {
    const cache = await connected();
    await goDown(cache);
    const computedAt = Date.now();
    const result = await cache.getOrSetEntry('key', () => 'paid', { staleSeconds: 100 });
    expect(result).toMatchObject({ value: 'paid', status: 'bypass', source: 'factory', stored: false });
    await until(() => Date.now() > computedAt + 300, { what: 'some time to pass' });
    await comeBack(cache);
    await untilWritten(cache, 1);
    const left = await redis.client().pttl('redis-cache:cache:{key}');
    const elapsed = Date.now() - computedAt;
    expect(left).toBeLessThanOrEqual((TTL_SECONDS + 100) * 1000 - 300);
    expect(left).toBeGreaterThan((TTL_SECONDS + 100) * 1000 - elapsed - 1_000);
    const found = await (await connected()).getOrSetEntry('key', () => 'not called');
    expect(found).toMatchObject({ value: 'paid', status: 'hit' });
    expect(found.ageSeconds).toBeGreaterThanOrEqual(0.3);
    expect(found.ageSeconds! + found.ttlSeconds!).toBeCloseTo(TTL_SECONDS, 3);
  });

  it('is replaced in the buffer when it is computed again', async () => {
    const cache = await connected();
    await goDown(cache);
    await cache.getOrSet('key', () => 'first');
    await cache.getOrSet('key', () => 'second');
    await comeBack(cache);
    await untilWritten(cache, 1);
    expect(await cache.getCachedResponse('key')).toBe('second');
    expect(cache.getCounters()).toMatchObject({ lateWrites: 1, droppedWrites: 0 });
  });

  it.each([
    ['entries', { maxEntries: 2 }, 2],
    ['bytes', { maxBytes: 2 * (26 + 1_002) }, 2],
    ['no entries', { maxEntries: 0 }, 0],
  ])('is dropped and counted above the limit of %s, the oldest first', async (_what, writeBehind, kept) => {
    const cache = await connected({ writeBehind });
    await goDown(cache);
    const keys = ['one', 'two', 'three', 'four', 'five'];
    for (const key of keys) await cache.getOrSet(key, () => 'x'.repeat(1_000));
    await comeBack(cache);
    await untilWritten(cache, kept);
    const found = await Promise.all(keys.map((key) => cache.getCachedResponse(key)));
    expect(found.map((value) => value !== null)).toEqual(keys.map((_key, index) => index >= 5 - kept));
    expect(cache.getCounters()).toMatchObject({ lateWrites: kept, droppedWrites: 5 - kept });
  });

  it.each<[string, (cache: RedisCacheService) => Promise<boolean>]>([
    ['deleted', (cache) => cache.delete('gone')],
    ['deleted with others', (cache) => cache.delete(['gone', 'other'])],
    ['cleared', (cache) => cache.clearCache()],
  ])('is not stored if it was %s meanwhile', async (_what, remove) => {
    const cache = await connected();
    await goDown(cache);
    await cache.getOrSet('gone', () => 'value');
    expect(await remove(cache)).toBe(false);
    await cache.getOrSet('kept', () => 'value');
    await comeBack(cache);
    await untilWritten(cache, 1);
    expect(await cache.getCachedResponse('kept')).toBe('value');
    expect(await cache.getCachedResponse('gone')).toBeNull();
  });

  it.each(['cache', 'no-cache'] as const)(
    'is not stored if its key was deleted during the computation (%s)',
    async (readPolicy) => {
      const cache = await connected();
      await goDown(cache);
      const { factory, call } = heldFactory();
      const answer = cache.getOrSet('gone', factory, { readPolicy });
      const running = await call(0);
      await cache.delete('gone');
      running.resolve('value');
      expect(await answer).toBe('value');
      await cache.getOrSet('kept', () => 'value');
      await comeBack(cache);
      await untilWritten(cache, 1);
      expect(await cache.getCachedResponse('gone')).toBeNull();
    },
  );
});

describe('a value during whose computation Redis fails', () => {
  it('is stored after a crash, once Redis is back', async () => {
    const cache = await connected();
    const { factory, call } = heldFactory();
    const answer = cache.getOrSetEntry('key', factory);
    const running = await call(0);
    await goDown(cache);
    running.resolve('paid');
    expect(await answer).toMatchObject({ value: 'paid', stored: false });
    await comeBack(cache);
    await untilWritten(cache, 1);
    expect(await cache.getCachedResponse('key')).toBe('paid');
  });

  it('is stored in a Redis that restarts empty, reaches all waiters, and costs one call', async () => {
    const cache = await connected();
    const { factory, call, calls } = heldFactory();
    const answers = Array.from({ length: 20 }, () => cache.getOrSet('key', factory));
    const running = await call(0);
    await goDown(cache);
    await comeBack(cache);
    running.resolve('paid');
    expect(await Promise.all(answers)).toEqual(Array(20).fill('paid'));
    await until(() => cache.getCachedResponse('key'), { what: 'the value to be stored' });
    expect(calls).toHaveLength(1);
  });

  it('is returned during a freeze, and stored after it', async () => {
    const cache = await connected({ commandTimeoutMs: 500 });
    const { factory, call } = heldFactory();
    const answer = cache.getOrSet('key', factory);
    const running = await call(0);
    await redis.pause();
    running.resolve('paid');
    expect(await answer).toBe('paid');
    await redis.resume();
    await untilPhase(cache, 'serving');
    await until(() => cache.getCachedResponse('key'), { what: 'the value to be stored' });
  });
});

describe('a value of a disconnected process', () => {
  it('replaces a younger failure that another process stored meanwhile', async () => {
    const proxy = await CutProxy.start(redis);
    try {
      const cache = await connected({ connection: proxy.address });
      const other = await connected();
      proxy.cut();
      await untilPhase(cache, 'unavailable');
      await cache.getOrSet('key', () => 'paid');
      const computedAt = Date.now();
      await until(() => Date.now() > computedAt, { what: 'the next millisecond', everyMs: 1 });
      const failed = other.getOrSet('key', failing('no luck'), { negativeTtlSeconds: 60 });
      await expect(failed).rejects.toThrow('no luck');
      proxy.restore();
      await untilWritten(cache, 1);
      expect(await other.getOrSet('key', () => 'own')).toBe('paid');
    } finally {
      await caches.closeAll();
      await proxy.stop();
    }
  });
});

describe('a value that Redis has no memory for', () => {
  it('reaches its callers, is buffered, and is stored once writes are accepted again', async () => {
    const cache = await connected();
    const client = redis.client();
    await client.config('SET', 'maxmemory', '1');
    const factory = counted(() => 'paid');
    expect(await cache.getOrSetEntry('key', factory)).toMatchObject({ value: 'paid', stored: false });
    expect(cache.getStatus()).toMatchObject({ phase: 'serving', writable: false });
    await client.config('SET', 'maxmemory', '0');
    expect(await cache.getOrSetEntry('other', () => 'next')).toMatchObject({ stored: true });
    await untilWritten(cache, 1);
    expect(await cache.getCachedResponse('key')).toBe('paid');
    expect(factory.calls).toBe(1);
  });

  it('does not overwrite a younger value that another process wrote meanwhile', async () => {
    const [cache, other] = [await connected(), await connected()];
    const client = redis.client();
    await client.config('SET', 'maxmemory', '1');
    await cache.getOrSet('key', () => 'late');
    const computedAt = Date.now();
    await until(() => Date.now() > computedAt, { what: 'the next millisecond', everyMs: 1 });
    await client.config('SET', 'maxmemory', '0');
    expect(await other.cacheResponse('key', 'younger')).toBe(true);
    // A successful write triggers the buffered ones.
    expect(await cache.cacheResponse('other', 'value')).toBe(true);
    await untilWritten(cache, 1);
    expect(await other.getCachedResponse('key')).toBe('younger');
  });
});
