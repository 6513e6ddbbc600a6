import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { answers, FALLBACKS, OPERATIONS } from '@test/fixtures/redis-cache/operations.js';
import { RECOVERY_LIMIT_MS, recoveryMs, untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisServer, until, within } from '@test/support/index.js';

const CALLERS = 20;

/** Runs operations without a pause, from concurrent callers, until `stop` is called or the cache is closed. */
function keepAsking(cache: RedisCacheService): { calls(): number; stop(): Promise<unknown[]> } {
  const stopping = new AbortController();
  let calls = 0;
  const isOver = (): boolean => stopping.signal.aborted || cache.getStatus().phase === 'closed';
  const ask = async (caller: number): Promise<unknown[]> => {
    const seen: unknown[] = [];
    for (let call = caller; !isOver(); call += 1) {
      seen.push(await OPERATIONS[call % OPERATIONS.length]!.run(cache));
      calls += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return seen;
  };
  const asking = Promise.all(Array.from({ length: CALLERS }, (_, caller) => ask(caller)));
  return {
    calls: () => calls,
    stop: async () => {
      stopping.abort();
      return (await asking).flat();
    },
  };
}

describe('a Redis that is killed and comes back', () => {
  let server: RedisServer;
  let caches: Caches;
  let log: LogCapture;

  beforeAll(async () => {
    server = await RedisServer.start({ appendonly: true });
    const { host, port } = server;
    caches = new Caches({ connection: { host, port } });
  });

  beforeEach(() => {
    log = LogCapture.start();
  });

  afterEach(async () => {
    await caches.closeAll();
    await server.restart();
  });

  afterAll(() => server.stop());

  async function serving(): Promise<RedisCacheService> {
    const cache = caches.create({ keyPrefix: freshPrefix() });
    expect(await cache.isConnected()).toBe(true);
    return cache;
  }

  it.each(OPERATIONS)('returns $fallback from $name while it is down', async ({ run, fallback }) => {
    const cache = await serving();
    await server.kill();
    for (let call = 0; call < 50; call += 1) expect(await run(cache)).toEqual(fallback);
    expect(log.lines).toHaveLength(1);
  });

  it('does not block close() while it is down', async () => {
    const cache = await serving();
    await server.kill();
    await untilPhase(cache, 'unavailable');
    await within(cache.close(), { what: 'close()' });
    expect(await answers(cache)).toEqual(FALLBACKS);
  });

  it('is served within a second of its restart, without any call', async () => {
    const cache = await serving();
    await server.kill();
    await untilPhase(cache, 'unavailable');
    await server.restart();
    expect(await recoveryMs(cache)).toBeLessThan(RECOVERY_LIMIT_MS);
    expect(await cache.isConnected()).toBe(true);
  });

  it('returns from every operation under traffic, and serves the traffic again', async () => {
    const cache = await serving();
    const traffic = keepAsking(cache);
    for (let outage = 0; outage < 2; outage += 1) {
      await server.kill();
      await untilPhase(cache, 'unavailable');
      await server.restart();
      expect(await recoveryMs(cache)).toBeLessThan(RECOVERY_LIMIT_MS);
    }
    const whole = traffic.calls() + CALLERS * OPERATIONS.length;
    await until(async () => traffic.calls() > whole, { what: 'each operation after the outage' });
    await traffic.stop();
    expect(log.matching(/^Redis is unavailable/)).toHaveLength(2);
    expect(log.matching(/^Redis is back/)).toHaveLength(2);
    expect(log.lines).toHaveLength(4);
  });

  it('still has entries and requests that the server persisted', async () => {
    const cache = await serving();
    await server.client().config('SET', 'appendfsync', 'always');
    await cache.cacheResponse('key', 'value');
    await cache.queueRequest('one');
    await cache.queueRequest('two');
    expect(await cache.dequeueRequest()).toBe('one');
    await server.kill();
    await untilPhase(cache, 'unavailable');
    await server.restart();
    await untilPhase(cache, 'serving');
    expect(await cache.getCachedResponse('key')).toBe('value');
    expect(await cache.dequeueRequest()).toBe('two');
    expect(await cache.dequeueRequest()).toBeNull();
  });

  it('serves a new queue after an empty restart, without scripts and consumer group', async () => {
    const cache = await serving();
    await cache.queueRequest('gone');
    await cache.dequeueRequest();
    await server.kill();
    await untilPhase(cache, 'unavailable');
    await server.restart({ appendonly: false });
    await untilPhase(cache, 'serving');
    expect(await cache.dequeueRequest()).toBeNull();
    expect(await cache.queueRequest('new')).toBe(true);
    expect(await cache.getQueueLength()).toBe(1);
    expect(await cache.dequeueRequest()).toBe('new');
    await server.restart({ appendonly: true });
  });

  it('is unavailable while it loads its data, and is served afterwards', async () => {
    await server.restart({ extraArgs: ['--enable-debug-command', 'yes'] });
    const cache = await serving();
    const admin = server.client();
    await admin.mset(Object.fromEntries(Array.from({ length: 2_000 }, (_, key) => [`key-${key}`, 'x'])));
    await admin.config('SET', 'key-load-delay', '1000');
    await admin.config('SET', 'loading-process-events-interval-bytes', '1024');
    const loading = admin.call('DEBUG', 'RELOAD');
    await untilUnavailableByAsking(cache);
    expect(cache.getStatus().lastError).toBe('LOADING');
    expect(await answers(cache)).toEqual(FALLBACKS);
    await loading;
    expect(await recoveryMs(cache)).toBeLessThan(RECOVERY_LIMIT_MS);
    expect(log.lines).toHaveLength(2);
    await server.restart({ extraArgs: [] });
  });
});

/** Calls the cache until it is unavailable: an idle cache does not notice that the server replies with errors. */
function untilUnavailableByAsking(cache: RedisCacheService): Promise<unknown> {
  const ask = async (): Promise<boolean> => {
    await cache.isConnected();
    return cache.getStatus().phase === 'unavailable';
  };
  return until(ask, { what: 'the cache to be unavailable', everyMs: 1 });
}
