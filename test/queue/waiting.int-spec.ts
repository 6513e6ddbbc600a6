import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisServer, until, within } from '@test/support/index.js';

describe('waitForRequest', () => {
  const caches = new Caches();
  let server: RedisServer;
  let cache: RedisCacheService;

  beforeEach(async () => {
    LogCapture.start();
    server = await RedisServer.start();
    cache = caches.create({
      connection: { url: server.url },
      keyPrefix: freshPrefix(),
      commandTimeoutMs: 500,
    });
  });

  afterEach(async () => {
    await caches.closeAll();
    await server.stop();
  });

  it('shares one extra connection between all waiting calls, and delays no other call', async () => {
    const admin = server.client();
    const connections = async (): Promise<number> =>
      (String(await admin.client('LIST')).match(/^id=/gm) ?? []).length;
    await cache.isConnected();
    const before = await connections();
    const waiting = Array.from({ length: 100 }, () => cache.queue().waitForRequest({ timeoutMs: 60_000 }));
    await until(async () => (await connections()) > before, { what: 'the connection' });
    await cache.cacheResponse('key', 'value');
    expect(await cache.getCachedResponse('key')).toBe('value');
    expect(await connections()).toBe(before + 1);
    await cache.queue().queueRequests(waiting.map((_one, index) => index));
    const all = await within(Promise.all(waiting), { what: 'all to be served' });
    expect(all).toEqual(waiting.map((_one, index) => index));
  });

  it('returns null at its timeout while Redis is frozen, and returns requests again afterwards', async () => {
    await cache.isConnected();
    await server.pause();
    expect(await within(cache.queue().waitForRequest({ timeoutMs: 700 }), { what: 'an answer' })).toBeNull();
    const waiting = cache.queue().waitForRequest({ timeoutMs: 60_000 });
    await server.resume();
    await untilPhase(cache, 'serving');
    expect(await cache.queueRequest('after')).toBe(true);
    expect(await within(waiting, { what: 'the request' })).toBe('after');
  });

  it('keeps waiting while Redis is down', async () => {
    const waiting = cache.queue().waitForRequest({ timeoutMs: 60_000 });
    await cache.isConnected();
    await server.kill();
    await untilPhase(cache, 'unavailable');
    expect(await cache.queue().waitForRequest({ timeoutMs: 50 })).toBeNull();
    await server.restart();
    await untilPhase(cache, 'serving');
    expect(await cache.queueRequest('after')).toBe(true);
    expect(await within(waiting, { what: 'the request' })).toBe('after');
  });
});
