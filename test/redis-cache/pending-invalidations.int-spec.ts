import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisServer, until } from '@test/support/index.js';

const TAGS = ['tag'];

describe('an invalidation that Redis did not confirm', () => {
  const caches = new Caches({ commandTimeoutMs: 300 });
  let server: RedisServer;
  let cache: RedisCacheService;
  let other: RedisCacheService;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  beforeEach(async () => {
    const { host, port } = server;
    const keyPrefix = freshPrefix();
    cache = caches.create({ connection: { host, port }, keyPrefix });
    other = caches.create({ connection: { host, port }, keyPrefix, commandTimeoutMs: 10_000 });
    await cache.getOrSet('key', async () => 'old', { tags: TAGS });
    expect(await other.getCachedResponse('key')).toBe('old');
  });

  afterEach(async () => {
    await server.resume();
    await caches.closeAll();
  });

  afterAll(() => server.stop());

  async function outage(during: () => Promise<void>): Promise<void> {
    await server.pause();
    expect(await cache.isConnected()).toBe(false);
    await during();
    await server.resume();
    await untilPhase(cache, 'serving');
  }

  const untilValue = (value: unknown): Promise<unknown> =>
    until(async () => (await other.getCachedResponse('key')) === value, { what: `${value} to be stored` });

  it.each<[string, () => Promise<boolean>]>([
    ['delete', () => cache.delete('key')],
    ['invalidateTags', () => cache.invalidateTags('tag')],
    ['clearCache', () => cache.clearCache()],
  ])('is repeated when Redis is back: %s', async (_kind, invalidate) => {
    await outage(async () => expect(await invalidate()).toBe(false));
    await untilValue(null);
  });

  it('comes before a late write that is newer', async () => {
    await outage(async () => {
      expect(await cache.delete('key')).toBe(false);
      expect(await cache.getOrSet('key', async () => 'new')).toBe('new');
    });
    await untilValue('new');
    expect(await cache.isConnected()).toBe(true);
    expect(await other.getCachedResponse('key')).toBe('new');
  });

  it('takes a late write along that is older', async () => {
    await outage(async () => {
      expect(await cache.getOrSet('key', async () => 'late', { readPolicy: 'no-cache' })).toBe('late');
      expect(await cache.delete('key')).toBe(false);
    });
    await untilValue(null);
    expect(cache.getCounters().lateWrites).toBe(0);
  });

  it('is repeated until a server that replies accepts it', async () => {
    const admin = server.client();
    await admin.call('ACL', 'SETUSER', 'default', '-unlink');
    try {
      expect(await cache.delete('key')).toBe(false);
      expect(await other.getCachedResponse('key')).toBe('old');
    } finally {
      await admin.call('ACL', 'SETUSER', 'default', '+@all');
    }
    await untilValue(null);
  });

  it('does not remove a value that was stored since', async () => {
    const admin = server.client();
    await admin.call('ACL', 'SETUSER', 'default', '-unlink');
    try {
      expect(await cache.delete(['key', 'another'])).toBe(false);
      await other.cacheResponse('another', 'old');
      expect(await cache.cacheResponse('key', 'new')).toBe(true);
    } finally {
      await admin.call('ACL', 'SETUSER', 'default', '+@all');
    }
    await until(async () => (await other.getCachedResponse('another')) === null, { what: 'the repetition' });
    expect(await other.getCachedResponse('key')).toBe('new');
  });
});
