import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { answers, FALLBACKS, OPERATIONS } from '@test/fixtures/redis-cache/operations.js';
import { RECOVERY_LIMIT_MS, recoveryMs, untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { SlammingServer } from '@test/fixtures/redis-cache/slamming-server.js';
import { freePort, RedisSentinels, RedisServer, until, within } from '@test/support/index.js';

describe('a Redis that refuses connections', () => {
  const caches = new Caches({ commandTimeoutMs: 500 });
  let log: LogCapture;
  let port: number;

  beforeAll(async () => {
    port = await freePort();
  });

  beforeEach(() => {
    log = LogCapture.start();
  });

  afterEach(() => caches.closeAll());

  const open = (): RedisCacheService => caches.create({ connection: { host: '127.0.0.1', port } });

  it.each(OPERATIONS)('returns $fallback from $name as the first call', async ({ run, fallback }) => {
    expect(await run(open())).toEqual(fallback);
  });

  it.each(OPERATIONS)(
    'returns $fallback from $name at once when the refusal is known',
    async ({ run, fallback }) => {
      const cache = open();
      await untilPhase(cache, 'unavailable');
      const before = cache.getCounters();
      for (let call = 0; call < 100; call += 1) expect(await run(cache)).toEqual(fallback);
      const after = cache.getCounters();
      expect(after.bypassed).toBe(before.bypassed + 100);
      expect([after.timeouts, after.errors]).toEqual([before.timeouts, before.errors]);
    },
  );

  it('closes', async () => {
    const cache = open();
    await within(cache.close(), { what: 'close() right after the start' });
    const later = open();
    await untilPhase(later, 'unavailable');
    await within(later.close(), { what: 'close() between two attempts to connect' });
  });

  it('logs one line however many attempts and operations fail, with the reason', async () => {
    const cache = open();
    await untilPhase(cache, 'unavailable');
    for (let round = 0; round < 50; round += 1) await answers(cache);
    expect(log.lines).toEqual([
      `Redis is unavailable (connect ECONNREFUSED 127.0.0.1:${port}); serving fallbacks until it is back`,
    ]);
    expect(cache.getStatus()).toMatchObject({ breaker: 'open', writable: false, lastError: 'ECONNREFUSED' });
  });

  it('neither fails nor delays the start of an application', async () => {
    const module = RedisCacheModule.forRoot({ connection: { host: '127.0.0.1', port } });
    const app = await Test.createTestingModule({ imports: [module] }).compile();
    await within(app.init(), { what: 'app.init()' });
    expect(await answers(app.get(RedisCacheService))).toEqual(FALLBACKS);
    await app.close();
    await app.close();
  });

  it.each([
    ['a Cluster', { clusterNodes: [{ host: '127.0.0.1', port: 1 }] }],
    ['a unix socket', { path: '/nonexistent/redis.sock' }],
    ['a name that does not resolve', { host: 'no-such-host.invalid' }],
  ])('gives the same results as %s', async (_what, connection) => {
    const cache = caches.create({ connection });
    expect(await answers(cache)).toEqual(FALLBACKS);
    expect(cache.getStatus()).toMatchObject({ phase: 'unavailable', breaker: 'open' });
    expect(log.lines).toHaveLength(1);
    await within(cache.close(), { what: 'close()' });
  });

  describe('as Sentinels', () => {
    const sentinelName = 'the-master';

    it('are named in the line about the outage, with the reason of the last one', async () => {
      const sentinels = [
        { host: '127.0.0.1', port: await freePort() },
        { host: '127.0.0.1', port },
      ];
      const cache = caches.create({ connection: { sentinels, sentinelName } });
      await untilPhase(cache, 'unavailable');
      expect(await answers(cache)).toEqual(FALLBACKS);
      expect(log.lines).toEqual([
        `Redis is unavailable (All sentinels are unreachable. Last error: connect ECONNREFUSED 127.0.0.1:${port}); serving fallbacks until it is back`,
      ]);
      expect(cache.getStatus().lastError).toBe('ECONNREFUSED');
    });

    it('that accept connections and never reply are a timeout', async () => {
      const frozen = await RedisServer.start();
      await frozen.pause();
      try {
        const sentinels = [{ host: '127.0.0.1', port: frozen.port }];
        const cache = caches.create({ connection: { sentinels, sentinelName }, connectTimeoutMs: 200 });
        await until(() => log.lines.length > 0, { what: 'the line about the outage' });
        expect(log.lines).toEqual([expect.stringContaining('Last error: no reply within 200 ms')]);
        expect(cache.getStatus().lastError).toBe('TIMEOUT');
      } finally {
        await caches.closeAll();
        await frozen.stop();
      }
    });

    it('that do not know the master are unavailable as well', async () => {
      const server = await RedisSentinels.start();
      try {
        const cache = caches.create({ connection: { sentinels: server.sentinels, sentinelName } });
        await untilPhase(cache, 'unavailable');
        await until(() => log.lines.length > 0, { what: 'the line about the outage' });
        expect(log.lines).toEqual([expect.stringContaining('All sentinels are unreachable')]);
      } finally {
        await server.stop();
      }
    });
  });

  describe('and then comes up', () => {
    const running: { stop(): Promise<unknown> }[] = [];

    afterEach(async () => {
      await caches.closeAll();
      await Promise.all(running.splice(0).map((thing) => thing.stop()));
    });

    async function startServer(): Promise<void> {
      running.push(await RedisServer.start({ port }));
    }

    it('is served within a second, without any call', async () => {
      const cache = open();
      await untilPhase(cache, 'unavailable');
      await startServer();
      expect(await recoveryMs(cache)).toBeLessThan(RECOVERY_LIMIT_MS);
      expect(await cache.cacheResponse('key', 'value')).toBe(true);
      expect(await cache.getCachedResponse('key')).toBe('value');
      expect(log.lines).toHaveLength(2);
      expect(log.lines[1]).toMatch(/^Redis is back after \d+\.\d s$/);
    });

    it('is served as quickly after many attempts, of which only the first is logged', async () => {
      const door = await SlammingServer.start(port);
      running.push(door);
      const cache = open();
      await until(() => door.visitors >= 12, { what: 'twelve attempts to connect' });
      expect(await answers(cache)).toEqual(FALLBACKS);
      expect(log.lines).toHaveLength(1);
      await door.stop();
      await startServer();
      expect(await recoveryMs(cache)).toBeLessThan(RECOVERY_LIMIT_MS);
      expect(await cache.isConnected()).toBe(true);
    });
  });
});
