import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Cluster, Redis } from 'ioredis';
import type { RedisCacheOptions, RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisCluster, RedisServer } from '@test/support/index.js';
import { counted, failing, heldFactory } from './factories.js';

const MANY = 3_000;

interface Place {
  connection: RedisCacheOptions['connection'];
  client: Redis | Cluster;
  stop(): Promise<unknown>;
}

async function standalone(): Promise<Place> {
  const server = await RedisServer.start();
  return { connection: { url: server.url }, client: server.client(), stop: () => server.stop() };
}

async function cluster(): Promise<Place> {
  const servers = await RedisCluster.start({ masters: 3 });
  const connection = { clusterNodes: servers.addresses };
  return { connection, client: servers.client(), stop: () => servers.stop() };
}

const ask = (cache: RedisCacheService, factory: () => unknown): Promise<unknown> =>
  cache.getOrSet('key', factory, { tags: ['a'] });

describe.each<[string, () => Promise<Place>]>([
  ['a standalone Redis', standalone],
  ['a Cluster of three masters', cluster],
])('tags on %s', (_name, setUp) => {
  const caches = new Caches();
  let place: Place;
  let prefix: string;
  let here: RedisCacheService;
  let elsewhere: RedisCacheService;

  beforeAll(async () => {
    LogCapture.start();
    place = await setUp();
  });

  afterAll(() => place.stop());

  beforeEach(async () => {
    prefix = freshPrefix();
    const open = () => caches.create({ connection: place.connection, keyPrefix: prefix });
    [here, elsewhere] = [open(), open()];
    expect(await here.isConnected()).toBe(true);
    expect(await elsewhere.isConnected()).toBe(true);
  });

  afterEach(() => caches.closeAll());

  const tagKey = (tag: string): string => `${prefix}:tag:{${tag}}`;

  it('invalidate every entry that carries them, in all processes, and no others', async () => {
    await here.getOrSet('ab', () => 'old', { tags: ['a', 'b'] });
    await here.getOrSet('bc', () => 'old', { tags: ['b', 'c'] });
    await here.getOrSet('c', () => 'old', { tags: ['c'] });
    await here.getOrSet('none', () => 'old');
    expect(await elsewhere.invalidateTags('a', 'unknown')).toBe(true);
    for (const cache of [here, elsewhere]) {
      expect(await cache.getCachedResponse('ab')).toBeNull();
      expect(await cache.lookup('ab')).toEqual({ status: 'miss' });
      for (const key of ['bc', 'c', 'none']) expect(await cache.getCachedResponse(key)).toBe('old');
    }
    expect(await here.getOrSet('ab', () => 'new', { tags: ['a', 'b'] })).toBe('new');
    expect(await elsewhere.getCachedResponse('ab')).toBe('new');
  });

  it('invalidate stale values too', async () => {
    const options = { tags: ['a'], ttlSeconds: 600, staleSeconds: 600 };
    await here.getOrSet('key', () => 'old', options);
    await elsewhere.invalidateTags('a');
    await expect(here.getOrSet('key', failing('no'), options)).rejects.toThrow('no');
  });

  it('can be any strings', async () => {
    const tags = ['__proto__', '}', '{x}', 'Grüße 👋', '\r\n\0', '7', '*'];
    for (const tag of tags) {
      await here.getOrSet('key', () => 'old', { tags });
      expect(await elsewhere.getCachedResponse('key')).toBe('old');
      await elsewhere.invalidateTags(tag);
      expect(await here.getCachedResponse('key')).toBeNull();
    }
  });

  it('invalidate entries if the server has lost their version, and never revive them', async () => {
    await here.getOrSet('key', () => 'old', { tags: ['a'] });
    await place.client.unlink(tagKey('a'));
    expect(await elsewhere.getCachedResponse('key')).toBeNull();
    await elsewhere.getOrSet('other', () => 'new', { tags: ['a'] });
    expect(await place.client.exists(tagKey('a'))).toBe(1);
    expect(await here.getCachedResponse('key')).toBeNull();
    expect(await here.getOrSet('key', () => 'new', { tags: ['a'] })).toBe('new');
  });

  it('outlive the entries that carry them', async () => {
    const options = { tags: ['a'], ttlSeconds: 1_000, staleSeconds: 500 };
    await here.getOrSet('long', () => 'value', options);
    await here.getOrSet('short', () => 'value', { tags: ['a'], ttlSeconds: 1 });
    const entry = await place.client.pttl(`${prefix}:cache:{long}`);
    expect(entry).toBeGreaterThan(1_400_000);
    expect(await place.client.pttl(tagKey('a'))).toBeGreaterThan(entry);
  });

  it('hide a result computed before an invalidation in a third process from later callers', async () => {
    const third = caches.create({ connection: place.connection, keyPrefix: prefix });
    const old = heldFactory();
    const early = ask(here, old.factory as never);
    const running = await old.call(0);
    expect(await third.invalidateTags('a')).toBe(true);
    const anew = counted(() => 'new');
    const late = [here, here, elsewhere, elsewhere, third].map((cache) => ask(cache, anew));
    running.resolve('old');
    expect(await early).toBe('old');
    expect(await Promise.all(late)).toEqual(['new', 'new', 'new', 'new', 'new']);
    for (const cache of [here, elsewhere, third]) expect(await cache.getCachedResponse('key')).toBe('new');
    expect(anew.calls).toBe(1);
  });

  it.each([
    ['a value that is not to be stored', { shouldCache: () => false }, 'resolve'],
    ['a failure that is to be kept', { negativeTtlSeconds: 60 }, 'reject'],
  ] as const)(
    'hide %s, computed before an invalidation, from later callers',
    async (_what, more, outcome) => {
      const old = heldFactory<string>();
      const early = here.getOrSet('key', old.factory, { tags: ['a'], ...more }).catch(() => 'failed');
      const running = await old.call(0);
      await elsewhere.invalidateTags('a');
      const late = elsewhere.getOrSet('key', () => 'new', { tags: ['a'] });
      if (outcome === 'resolve') running.resolve('old');
      else running.reject(new Error('old'));
      await early;
      expect(await late).toBe('new');
      expect(await here.getOrSet('key', failing('not called'))).toBe('new');
    },
  );

  it('without known versions leave a value to its caller, and callers elsewhere compute their own', async () => {
    // Not what a version is stored as, so that it can neither be read nor made.
    await place.client.lpush(tagKey('a'), 'foreign');
    const first = heldFactory();
    const early = here.getOrSetEntry('key', first.factory, { tags: ['a'] });
    const running = await first.call(0);
    const own = counted(() => 'own');
    const late = elsewhere.getOrSetEntry('key', own, { tags: ['a'] });
    // Replies on one connection keep their order: after two, it has read the entry, and then tried to acquire the lease.
    for (let trip = 0; trip < 2; trip += 1) await elsewhere.isConnected();
    running.resolve('first');
    expect(await early).toMatchObject({ value: 'first', stored: false });
    expect(await late).toMatchObject({ value: 'own', stored: false });
    expect(own.calls).toBe(1);
    expect(await here.getCachedResponse('key')).toBeNull();
  });

  it('are invalidated by one command, however many entries carry them', async () => {
    const keys = Array.from({ length: MANY }, (_, index) => `key ${index}`);
    for (let start = 0; start < MANY; start += 500) {
      const chunk = keys.slice(start, start + 500);
      await Promise.all(chunk.map((key) => here.getOrSet(key, () => key, { tags: ['many'] })));
    }
    await here.getOrSet('other', () => 'other', { tags: ['few'] });
    await commandStats('reset');
    expect(await here.invalidateTags('many')).toBe(true);
    const stats = await commandStats('read');
    expect(stats).toMatchObject({ unlink: 1 });
    expect(Object.keys(stats).filter((name) => /^(del|scan|keys|eval|get|set|mget)/.test(name))).toEqual([]);
    const sample = keys.filter((_key, index) => index % 97 === 0);
    const found = await Promise.all(sample.map((key) => elsewhere.getCachedResponse(key)));
    expect(found.every((value) => value === null)).toBe(true);
    expect(await elsewhere.getCachedResponse('other')).toBe('other');
  }, 60_000);

  /** Returns how often each command ran on all nodes; `reset` sets the counts to 0 first. */
  async function commandStats(what: 'reset' | 'read'): Promise<Record<string, number>> {
    const nodes = place.client.isCluster
      ? (place.client as Cluster).nodes('master')
      : [place.client as Redis];
    if (what === 'reset') await Promise.all(nodes.map((node) => node.config('RESETSTAT')));
    const infos = await Promise.all(nodes.map((node) => node.info('commandstats')));
    const sums: Record<string, number> = {};
    for (const [, name, calls] of infos.join('\n').matchAll(/cmdstat_([^:|]+)[^:]*:calls=(\d+)/g)) {
      sums[name!] = (sums[name!] ?? 0) + Number(calls);
    }
    return sums;
  }
});
