import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until } from '@test/support/index.js';

describe('a read-only replica', () => {
  const caches = new Caches();
  let master: RedisServer;
  let replica: RedisServer;
  let onMaster: RedisCacheService;
  let cache: RedisCacheService;
  let keyPrefix: string;
  let log: LogCapture;

  beforeAll(async () => {
    master = await RedisServer.start();
    replica = await RedisServer.start({ replicaOf: { port: master.port } });
  });

  beforeEach(async () => {
    log = LogCapture.start();
    keyPrefix = freshPrefix();
    onMaster = caches.create({ connection: { url: master.url }, keyPrefix });
    cache = caches.create({ connection: { url: replica.url }, keyPrefix });
    await onMaster.cacheResponse('key', 'value');
    for (const request of ['one', 'two']) await onMaster.queueRequest(request);
    await until(async () => (await cache.getQueueLength()) === 2, { what: 'the replica to be in sync' });
  });

  afterEach(() => caches.closeAll());

  afterAll(async () => {
    await replica.stop();
    await master.stop();
  });

  it('serves reads', async () => {
    expect(await cache.isConnected()).toBe(true);
    expect(await cache.getCachedResponse('key')).toBe('value');
    expect(await cache.getCachedResponse('nothing')).toBeNull();
    expect(await cache.getQueueLength()).toBe(2);
    expect(log.lines).toEqual([]);
  });

  it.each([
    ['cacheResponse', false, (): Promise<unknown> => cache.cacheResponse('other', 1)],
    ['queueRequest', false, (): Promise<unknown> => cache.queueRequest('three')],
    ['dequeueRequest', null, (): Promise<unknown> => cache.dequeueRequest()],
    ['clearCache', false, (): Promise<unknown> => cache.clearCache()],
    ['clearQueue', false, (): Promise<unknown> => cache.clearQueue()],
    ['isWritable', false, (): Promise<unknown> => cache.isWritable()],
  ])('makes %s return its fallback, and still serves reads', async (_name, fallback, run) => {
    for (let call = 0; call < 20; call += 1) expect(await run()).toBe(fallback);
    expect(cache.getStatus()).toMatchObject({
      phase: 'serving',
      breaker: 'closed',
      writable: false,
      lastError: 'READONLY',
    });
    expect(log.lines).toEqual(['Redis refuses writes (READONLY); reads go on']);
    expect(await cache.getCachedResponse('key')).toBe('value');
    expect(await onMaster.getQueueLength()).toBe(2);
  });

  it('does not block close()', async () => {
    expect(await cache.cacheResponse('other', 1)).toBe(false);
    await cache.close();
    expect(await cache.getCachedResponse('key')).toBeNull();
  });

  it('accepts writes once it is a master, and logs that once', async () => {
    expect(await cache.cacheResponse('other', 1)).toBe(false);
    await replica.client().replicaof('NO', 'ONE');
    for (let call = 0; call < 10; call += 1) expect(await cache.cacheResponse('other', 1)).toBe(true);
    expect(cache.getStatus()).toMatchObject({ writable: true, lastError: null });
    expect(log.lines.slice(1)).toEqual(['Redis accepts writes again']);
    expect(await cache.dequeueRequest()).toBe('one');
    await replica.client().replicaof(master.host, master.port);
  });

  it('returns a miss for a corrupt entry, although it cannot be removed', async () => {
    const entry = `${keyPrefix}:cache:{key}`;
    await master.client().set(entry, 'garbage');
    await until(async () => (await replica.client().get(entry)) === 'garbage', { what: 'the replica' });
    expect(await cache.lookup('key')).toEqual({ status: 'miss' });
    await onMaster.clearCache();
  });
});
