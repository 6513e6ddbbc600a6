/** The data in Redis, as other programs see it. Its names, types and expiries are a contract. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer } from '@test/support/index.js';

describe('the data of a cache in Redis', () => {
  let server: RedisServer;
  let admin: Redis;
  let caches: Caches;

  beforeAll(async () => {
    LogCapture.start();
    server = await RedisServer.start();
    admin = server.client();
    caches = new Caches({ connection: { url: server.url }, keyPrefix: 'app' });
  });

  beforeEach(() => admin.flushall());

  afterEach(() => caches.closeAll());

  afterAll(() => server.stop());

  it.each(['key', 'a}b', '}', '{x}', 'a:b*', 'Grüße 👋'])(
    'has the key %j literally in the name of its entry',
    async (key) => {
      await caches.create().cacheResponse(key, 'value');
      expect(await admin.keys('*')).toEqual([`app:cache:{${key}}`]);
      expect(await admin.type(`app:cache:{${key}}`)).toBe('string');
    },
  );

  it.each([
    [0.75, 750],
    [30, 30_000],
    [3_155_760_000, 3_155_760_000_000],
  ])('expires after %d s', async (ttlSeconds, ttlMs) => {
    await caches.create().cacheResponse('key', 'value', ttlSeconds);
    const leftMs = await admin.pttl('app:cache:{key}');
    expect(leftMs).toBeLessThanOrEqual(ttlMs);
    expect(leftMs).toBeGreaterThan(ttlMs - 10_000);
    expect(leftMs).not.toBe(-1);
  });

  it('expires after an hour, or the TTL of the module, if the call has no TTL', async () => {
    await caches.create().cacheResponse('key', 'value');
    expect(Math.round((await admin.pttl('app:cache:{key}')) / 100_000)).toBe(36);
    await caches.create({ ttlSeconds: 100 }).cacheResponse('other', 'value');
    expect(Math.round((await admin.pttl('app:cache:{other}')) / 10_000)).toBe(10);
  });

  it('is a stream for the queue, with the request as JSON', async () => {
    const cache = caches.create({ queue: { name: 'jobs}' } });
    await cache.queueRequest({ prompt: 'hello' });
    expect((await admin.keys('*')).toSorted()).toEqual(['app:bytes:{jobs}}', 'app:queue:{jobs}}']);
    expect(await admin.xrange('app:queue:{jobs}}', '-', '+')).toEqual([
      [expect.any(String), ['request', '{"prompt":"hello"}']],
    ]);
    expect(await admin.pttl('app:queue:{jobs}}')).toBe(-1);
  });

  it('is only an empty stream once the queue is drained', async () => {
    const cache = caches.create();
    await cache.queueRequest('one');
    await cache.dequeueRequest();
    expect(await admin.xlen('app:queue:{requests}')).toBe(0);
    expect(await admin.xpending('app:queue:{requests}', 'requests')).toEqual([0, null, null, null]);
  });

  it('is the latest value, whichever instance wrote it', async () => {
    const [one, two] = [caches.create(), caches.create()];
    await one.cacheResponse('key', 'of one');
    await two.cacheResponse('key', 'of two');
    expect(await one.getCachedResponse('key')).toBe('of two');
    expect(await admin.dbsize()).toBe(1);
  });

  it('is separate for each prefix', async () => {
    const other = caches.create({ keyPrefix: 'other' });
    await caches.create().cacheResponse('key', 'of app');
    await other.cacheResponse('key', 'of other');
    expect((await admin.keys('*')).toSorted()).toEqual(['app:cache:{key}', 'other:cache:{key}']);
    expect(await other.getCachedResponse('key')).toBe('of other');
  });
});
