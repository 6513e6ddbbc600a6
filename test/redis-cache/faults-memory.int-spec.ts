import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer } from '@test/support/index.js';

// Created by the server itself, because data from a client would also fill buffers that are freed much later.
const FILL = `for i = 1, 200 do redis.call('SET', 'ballast-' .. i, string.rep('x', 100000)) end`;
const FREE = `for i = 1, 200 do redis.call('DEL', 'ballast-' .. i) end`;

describe('a Redis that is out of memory and evicts nothing', () => {
  const caches = new Caches();
  let server: RedisServer;
  let admin: Redis;
  let cache: RedisCacheService;
  let log: LogCapture;

  beforeAll(async () => {
    server = await RedisServer.start({ maxmemory: '16mb' });
    admin = server.client();
  });

  beforeEach(() => {
    log = LogCapture.start();
    cache = caches.create({ connection: { url: server.url }, keyPrefix: freshPrefix() });
  });

  afterEach(async () => {
    await caches.closeAll();
    await free();
  });

  afterAll(() => server.stop());

  /** Fills the memory far above the limit, so that every command that needs memory is refused. */
  async function fillUp(): Promise<void> {
    await admin.config('SET', 'maxmemory', '100mb');
    await admin.eval(FILL, 0);
    await admin.config('SET', 'maxmemory', '16mb');
    await expect(admin.set('more', 'x')).rejects.toThrow('OOM');
  }

  async function free(): Promise<void> {
    await admin.eval(FREE, 0);
    await admin.set('more', 'x');
  }

  it('makes writes return false, and logs that once', async () => {
    await fillUp();
    for (let call = 0; call < 20; call += 1) {
      expect(await cache.cacheResponse('key', 'value')).toBe(false);
      expect(await cache.queueRequest('request')).toBe(false);
      expect(await cache.isWritable()).toBe(false);
    }
    expect(cache.getStatus()).toMatchObject({ phase: 'serving', breaker: 'closed', lastError: 'OOM' });
    expect(log.lines).toEqual(['Redis refuses writes (OOM); reads go on']);
    expect(cache.getCounters()).toMatchObject({ failedWrites: 20, queued: 0, trips: 0 });
  });

  it('still serves reads', async () => {
    await cache.cacheResponse('key', 'value');
    await fillUp();
    expect(await cache.cacheResponse('key', 'new')).toBe(false);
    expect(await cache.getCachedResponse('key')).toBe('value');
    expect(await cache.isConnected()).toBe(true);
  });

  it('still returns waiting requests, also from a queue that was never read', async () => {
    for (const request of ['one', 'two', 'three']) await cache.queueRequest(request);
    await fillUp();
    expect(await cache.getQueueLength()).toBe(3);
    const taken = [await cache.dequeueRequest(), await cache.dequeueRequest(), await cache.dequeueRequest()];
    expect(taken).toEqual(['one', 'two', 'three']);
    expect(await cache.dequeueRequest()).toBeNull();
    expect(log.lines).toEqual([]);
  });

  it('returns null for a queue that never existed, and logs nothing', async () => {
    await fillUp();
    expect(await cache.dequeueRequest()).toBeNull();
    expect(await cache.getQueueLength()).toBe(0);
    expect(log.lines).toEqual([]);
  });

  it('can still be cleared', async () => {
    await cache.cacheResponse('key', 'value');
    await cache.queueRequest('request');
    await fillUp();
    expect(await cache.clearCache()).toBe(true);
    expect(await cache.clearQueue()).toBe(true);
    expect(await cache.getCachedResponse('key')).toBeNull();
    expect(await cache.getQueueLength()).toBe(0);
  });

  it('does not block close()', async () => {
    await fillUp();
    expect(await cache.cacheResponse('key', 'value')).toBe(false);
    await cache.close();
    expect(await cache.isConnected()).toBe(false);
  });

  it('accepts writes again once memory is freed, and logs that once', async () => {
    await fillUp();
    expect(await cache.cacheResponse('key', 'value')).toBe(false);
    await free();
    expect(await cache.cacheResponse('key', 'value')).toBe(true);
    expect(await cache.queueRequest('request')).toBe(true);
    expect(cache.getStatus()).toMatchObject({ writable: true, lastError: null });
    expect(log.lines.slice(1)).toEqual(['Redis accepts writes again']);
  });

  it('does not count as writable because a full queue refuses a request', async () => {
    const full = caches.create({
      connection: { url: server.url },
      keyPrefix: freshPrefix(),
      queue: { maxLength: 1 },
    });
    await full.queueRequest('one');
    await fillUp();
    expect(await full.cacheResponse('key', 'value')).toBe(false);
    expect(await full.queueRequest('two')).toBe(false);
    expect(full.getStatus().writable).toBe(false);
    expect(log.lines).toEqual(['Redis refuses writes (OOM); reads go on']);
  });
});
