import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { answers, FALLBACKS, OPERATIONS } from '@test/fixtures/redis-cache/operations.js';
import { RECOVERY_LIMIT_MS, recoveryMs, untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisServer, Stopwatch, until, within } from '@test/support/index.js';

const DEADLINE_MS = 500;
const CALLS = 200;

describe('a frozen Redis', () => {
  let server: RedisServer;
  let caches: Caches;
  let log: LogCapture;

  beforeAll(async () => {
    server = await RedisServer.start();
    const { host, port } = server;
    caches = new Caches({ connection: { host, port }, commandTimeoutMs: DEADLINE_MS });
  });

  beforeEach(() => {
    log = LogCapture.start();
  });

  afterEach(async () => {
    await server.resume();
    await caches.closeAll();
  });

  afterAll(() => server.stop());

  async function serving(): Promise<RedisCacheService> {
    const cache = caches.create({ keyPrefix: freshPrefix() });
    expect(await cache.isConnected()).toBe(true);
    return cache;
  }

  it.each(OPERATIONS)(
    `returns $fallback from ${CALLS} calls of $name within one deadline plus a second in total`,
    async ({ run, fallback }) => {
      const cache = await serving();
      await server.pause();
      const watch = Stopwatch.start();
      for (let call = 0; call < CALLS; call += 1) {
        expect(await run(cache)).toEqual(fallback);
        // Checked after each call: at the end, a breaker that stays closed would be noticed only after 200 deadlines.
        expect(cache.getCounters()).toMatchObject({ timeouts: 1, trips: 1 });
      }
      expect(watch.stop()).toBeLessThan(DEADLINE_MS + 1_000);
      expect(cache.getCounters()).toMatchObject({ bypassed: CALLS - 1 });
      expect(log.lines).toHaveLength(1);
    },
  );

  it('costs concurrent callers one deadline in total', async () => {
    const cache = await serving();
    await server.pause();
    const watch = Stopwatch.start();
    const all = await Promise.all(Array.from({ length: CALLS }, () => answers(cache)));
    expect(watch.stop()).toBeLessThan(DEADLINE_MS + 1_000);
    expect(all).toEqual(Array(CALLS).fill(FALLBACKS));
    expect(cache.getCounters().trips).toBe(1);
  });

  it('is served again as soon as it replies to the probe, without any call', async () => {
    const cache = await serving();
    await server.pause();
    expect(await cache.isConnected()).toBe(false);
    await until(() => cache.getStatus().breaker === 'half-open', { what: 'the probe to be sent' });
    await server.resume();
    expect(await recoveryMs(cache)).toBeLessThan(RECOVERY_LIMIT_MS);
    expect(await cache.cacheResponse('key', 'value')).toBe(true);
    expect(log.matching(/^Redis is unavailable \(no reply within 500 ms\)/)).toHaveLength(1);
    expect(log.matching(/^Redis is back/)).toHaveLength(1);
    expect(log.lines).toHaveLength(2);
  });

  it('does not block close()', async () => {
    const cache = await serving();
    await server.pause();
    await within(cache.close(), { what: 'close() of a cache on a frozen Redis', timeoutMs: 5_000 });
    expect(await answers(cache)).toEqual(FALLBACKS);
  });

  it('loses no request if its reply to a dequeue is late', async () => {
    const cache = await serving();
    for (const request of ['one', 'two', 'three']) await cache.queueRequest(request);
    expect(await cache.dequeueRequest()).toBe('one');
    await server.pause();
    expect(await cache.dequeueRequest()).toBeNull();
    await server.resume();
    await untilPhase(cache, 'serving');
    expect(await cache.getQueueLength()).toBe(2);
    expect([await cache.dequeueRequest(), await cache.dequeueRequest()]).toEqual(['two', 'three']);
    expect(await cache.dequeueRequest()).toBeNull();
  });

  it('loses and duplicates no request if its replies to many dequeues are late', async () => {
    const cache = await serving();
    const requests = Array.from({ length: 30 }, (_, index) => index);
    for (const request of requests) await cache.queueRequest(request);
    await cache.getQueueLength();
    await server.pause();
    const taken = await Promise.all(Array.from({ length: 10 }, () => cache.dequeueRequest()));
    expect(taken).toEqual(Array(10).fill(null));
    await server.resume();
    await untilPhase(cache, 'serving');
    const later: unknown[] = [];
    while ((await cache.getQueueLength()) > 0) later.push(await cache.dequeueRequest());
    expect(later).toEqual(requests);
  });

  it('does not open the breaker of an idle cache', async () => {
    const cache = await serving();
    await server.pause();
    await server.resume();
    expect(cache.getStatus()).toMatchObject({ phase: 'serving', breaker: 'closed' });
    expect(await cache.isConnected()).toBe(true);
  });

  describe('from the start', () => {
    it('does not delay the start of an application', async () => {
      await server.pause();
      const { host, port } = server;
      const module = RedisCacheModule.forRoot({ connection: { host, port }, commandTimeoutMs: DEADLINE_MS });
      const app = await Test.createTestingModule({ imports: [module] }).compile();
      try {
        await within(app.init(), { what: 'app.init()' });
        const cache = app.get(RedisCacheService);
        expect(cache.getStatus().phase).toBe('starting');
        expect(await answers(cache)).toEqual(FALLBACKS);
        expect(cache.getStatus().phase).toBe('unavailable');
      } finally {
        // Also after a failure, because an open connection would keep the test run alive.
        await within(app.close(), { what: 'app.close()' });
      }
    });

    it('is served as soon as it thaws, without any call', async () => {
      await server.pause();
      const cache = caches.create();
      expect(await cache.isConnected()).toBe(false);
      await server.resume();
      expect(await recoveryMs(cache)).toBeLessThan(RECOVERY_LIMIT_MS);
      expect(await cache.isConnected()).toBe(true);
    });

    it('serves calls that began before it thawed, within their deadline', async () => {
      await server.pause();
      const cache = caches.create({ commandTimeoutMs: 20_000 });
      const connected = cache.isConnected();
      await server.resume();
      expect(await connected).toBe(true);
      expect(log.lines).toEqual([]);
    });
  });
});
