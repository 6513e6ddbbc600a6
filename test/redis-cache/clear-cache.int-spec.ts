import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisCluster, RedisServer } from '@test/support/index.js';

const MANY = 25_000;
const PREFIXES = ['app', 'app*', 'a[b]', 'a?', String.raw`back\slash`, 'a^[^b]', '[a-z]', '*', ':', 'ü:ü'];

/** Returns a thousand keys of other programs, as similar to the keys of a cache as possible. */
function foreignKeys(prefix: string): string[] {
  const near = [
    `${prefix}`,
    `${prefix}*`,
    `${prefix}:`,
    `${prefix}:cache`,
    `${prefix}:cache:`,
    `${prefix}:cache:x*`,
    `${prefix}:cache:[a]`,
    `${prefix}:cache:plain`,
    `${prefix}:cached:{x}`,
    `${prefix}:queue:{other}`,
    `${prefix}:probe:x`,
    `${prefix}x:cache:{x}`,
    `x${prefix}:cache:{x}`,
    `${prefix.toUpperCase()}X:cache:{x}`,
    `${prefix.slice(0, -1)}z:cache:{x}`,
    'ab:cache:{x}',
    'a[c]:cache:{x}',
    'aXX:cache:{x}',
    'appx*',
    '[a]',
    '*',
    '?',
    'back_slash:cache:{x}',
  ];
  const far = Array.from({ length: 1_000 - new Set(near).size }, (_, index) => `other:${index}:cache:{x}`);
  return [...new Set([...near, ...far])];
}

describe('clearCache', () => {
  const caches = new Caches();
  let server: RedisServer;
  let admin: Redis;

  beforeAll(async () => {
    LogCapture.start();
    server = await RedisServer.start();
    admin = server.client();
  });

  beforeEach(async () => {
    await admin.flushall();
    await admin.config('RESETSTAT');
  });

  afterEach(() => caches.closeAll());

  afterAll(() => server.stop());

  const open = (keyPrefix: string): RedisCacheService =>
    caches.create({ connection: { url: server.url }, keyPrefix });

  it.each(PREFIXES)('keeps a thousand foreign keys with the prefix %j', async (prefix) => {
    const foreign = foreignKeys(prefix);
    expect(foreign).toHaveLength(1_000);
    await admin.mset(Object.fromEntries(foreign.map((key) => [key, key])));
    const cache = open(prefix);
    for (const key of ['a', '*', '}', '{', 'x'.repeat(1_000)]) await cache.cacheResponse(key, key);
    await cache.queueRequest('waits');
    expect(await admin.dbsize()).toBe(1_007);
    expect(await cache.clearCache()).toBe(true);
    expect(await admin.mget(foreign)).toEqual(foreign);
    expect(await cache.dequeueRequest()).toBe('waits');
    expect(await cache.getCachedResponse('a')).toBeNull();
    expect(await admin.dbsize()).toBe(1_002);
  });

  it('keeps the entries of a cache whose prefix is a glob pattern', async () => {
    const [own, matched] = [open('ap?'), open('app')];
    await own.cacheResponse('key', 'own');
    await matched.cacheResponse('key', 'matched');
    expect(await own.clearCache()).toBe(true);
    expect(await own.getCachedResponse('key')).toBeNull();
    expect(await matched.getCachedResponse('key')).toBe('matched');
  });

  it(`clears ${MANY} entries without KEYS, FLUSHDB or FLUSHALL`, async () => {
    const cache = open('many');
    await admin.eval(
      `for i = 1, ${MANY} do redis.call('SET', 'many:cache:{' .. i .. '}', '1', 'PX', 600000) end`,
      0,
    );
    expect(await admin.dbsize()).toBe(MANY);
    expect(await cache.clearCache()).toBe(true);
    expect(await admin.dbsize()).toBe(0);
    const commands = await admin.info('commandstats');
    expect(commands).toContain('cmdstat_scan:');
    expect(commands).toContain('cmdstat_unlink:');
    expect(commands).not.toMatch(/cmdstat_(keys|flush\w+):/);
  });

  it('clears entries while others write', async () => {
    const cache = open('busy');
    await Promise.all(Array.from({ length: 2_000 }, (_, key) => cache.cacheResponse(`old-${key}`, key)));
    const [cleared] = await Promise.all([
      cache.clearCache(),
      ...Array.from({ length: 500 }, (_, key) => cache.cacheResponse(`new-${key}`, key)),
    ]);
    expect(cleared).toBe(true);
    const old = await Promise.all(
      Array.from({ length: 2_000 }, (_, key) => cache.getCachedResponse(`old-${key}`)),
    );
    expect(old.filter((value) => value !== null)).toEqual([]);
  });

  it('affects only its own database', async () => {
    const { host, port } = server;
    const [zero, one] = [0, 1].map((db) =>
      caches.create({ connection: { host, port, db }, keyPrefix: 'app' }),
    );
    await zero!.cacheResponse('key', 'of zero');
    await one!.cacheResponse('key', 'of one');
    expect(await zero!.clearCache()).toBe(true);
    expect(await one!.getCachedResponse('key')).toBe('of one');
  });

  it.each(['tenant:', 'tenant[1]*:', 'app:cache:{'])(
    "clears behind the key prefix %j of the user's client, and no other key",
    async (keyPrefix) => {
      const cache = caches.create({ connection: { client: server.client({ keyPrefix }) }, keyPrefix: 'app' });
      const foreign = [
        'app:cache:{x}',
        'tenant1:app:cache:{x}',
        `${keyPrefix}other`,
        'tenant1x:app:cache:{x}',
      ];
      await admin.mset(Object.fromEntries(foreign.map((key) => [key, key])));
      for (let key = 0; key < 50; key += 1) await cache.cacheResponse(`key-${key}`, key);
      expect(await admin.dbsize()).toBe(54);
      expect(await cache.clearCache()).toBe(true);
      expect(await admin.mget(foreign)).toEqual(foreign);
      expect(await admin.dbsize()).toBe(4);
    },
  );
});

describe('clearCache on a Cluster of three masters', () => {
  const caches = new Caches();
  let cluster: RedisCluster;

  beforeAll(async () => {
    LogCapture.start();
    cluster = await RedisCluster.start({ masters: 3 });
  });

  afterEach(() => caches.closeAll());

  afterAll(() => cluster.stop());

  const sizes = (): Promise<number[]> => Promise.all(cluster.masters.map((node) => node.client().dbsize()));

  it.each<[string, string | undefined]>([
    ['a client of its own', undefined],
    ["the user's client with a key prefix", 'tenant*:'],
  ])('clears every master through %s and keeps a thousand foreign keys', async (_what, keyPrefix) => {
    const client = keyPrefix === undefined ? undefined : cluster.client({ redisOptions: { keyPrefix } });
    const connection = client === undefined ? { clusterNodes: cluster.addresses } : { client };
    const cache = caches.create({ connection, keyPrefix: 'app' });
    const foreign = foreignKeys('app');
    const admin = cluster.client();
    await Promise.all(foreign.map((key) => admin.set(key, key)));
    const keys = Array.from({ length: 3_000 }, (_, index) => `key-${index}`);
    const stored = await Promise.all(keys.map((key) => cache.cacheResponse(key, key)));
    expect(stored.every(Boolean)).toBe(true);
    for (const size of await sizes()) expect(size).toBeGreaterThan(500);
    expect(await cache.clearCache()).toBe(true);
    expect((await sizes()).reduce((sum, size) => sum + size)).toBe(1_000);
    expect(await Promise.all(foreign.map((key) => admin.get(key)))).toEqual(foreign);
    const commands = await Promise.all(cluster.masters.map((node) => node.client().info('commandstats')));
    expect(commands.join('\n')).not.toMatch(/cmdstat_(keys|flush\w+):/);
  });
});
