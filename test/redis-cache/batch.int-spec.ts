import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheOptions, RedisCacheService } from 'nestjs-redis-cache';
import { Caches, PATIENT_MS } from '@test/fixtures/redis-cache/caches.js';
import { HoldingProxy } from '@test/fixtures/redis-cache/holding-proxy.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisCluster, RedisServer, until } from '@test/support/index.js';

const KEYS = Array.from({ length: 60 }, (_, index) => `key ${index}`);
const RESPONSES = KEYS.map((key, index) => ({ key, response: { index } }));
const VALUES = RESPONSES.map(({ response }) => response);
const caches = new Caches({ commandTimeoutMs: PATIENT_MS });

beforeAll(() => void LogCapture.start());
const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await caches.closeAll();
  for (const stop of stops.splice(0).toReversed()) await stop();
});

interface Place {
  options: RedisCacheOptions;
  stop(): Promise<unknown>;
}

async function memory(): Promise<Place> {
  return { options: { backend: 'memory' }, stop: async () => {} };
}

async function standalone(): Promise<Place> {
  const redis = await RedisServer.start();
  return { options: { connection: { url: redis.url } }, stop: () => redis.stop() };
}

async function cluster(): Promise<Place> {
  const nodes = await RedisCluster.start({ masters: 3 });
  return { options: { connection: { clusterNodes: nodes.addresses } }, stop: () => nodes.stop() };
}

describe.each([
  ['memory', memory],
  ['a standalone Redis', standalone],
  ['a Cluster', cluster],
])('many responses at once, on %s', (_name, setUp) => {
  let place: Place;
  let cache: RedisCacheService;

  beforeAll(async () => {
    place = await setUp();
  });

  afterAll(() => place?.stop());

  beforeEach(async () => {
    cache = caches.create(place.options);
    expect(await cache.clearCache()).toBe(true);
  });

  it('are stored, and returned in the order of the keys, `null` for a miss', async () => {
    expect(await cache.setMany(RESPONSES)).toEqual(KEYS.map(() => true));
    expect(await cache.getMany([...KEYS, 'none', KEYS[0]!])).toEqual([...VALUES, null, VALUES[0]]);
    expect(await cache.getMany(KEYS.toReversed())).toEqual(VALUES.toReversed());
  });

  it('are empty for an empty list', async () => {
    expect(await cache.getMany([])).toEqual([]);
    expect(await cache.setMany([])).toEqual([]);
  });

  it('have their own TTL, or that of the module', async () => {
    const [short, long] = [
      { key: 'short', response: 1, ttlSeconds: 60 },
      { key: 'long', response: 2 },
    ];
    expect(await cache.setMany([short, long])).toEqual([true, true]);
    const [first, second] = [await cache.lookup('short'), await cache.lookup('long')];
    expect((first as { ttlSeconds: number }).ttlSeconds).toBeLessThanOrEqual(60);
    expect((second as { ttlSeconds: number }).ttlSeconds).toBeGreaterThan(3_000);
  });

  it('report false for values that JSON cannot represent; the others are stored', async () => {
    const answers = await cache.setMany([
      { key: 'good', response: 1 },
      { key: 'bad', response: 1n },
    ]);
    expect(answers).toEqual([true, false]);
    expect(await cache.getMany(['good', 'bad'])).toEqual([1, null]);
  });

  it.each<[string, { key: string; response: unknown; ttlSeconds?: number }, string]>([
    ['an empty key', { key: '', response: 1 }, 'responses[1].key'],
    ['a wrong TTL', { key: 'b', response: 1, ttlSeconds: 0 }, 'responses[1].ttlSeconds'],
    ['a value above the limit', { key: 'b', response: 'x'.repeat(9_000_000) }, 'responses[1].response'],
  ])('are refused as a whole if one of them has %s', async (_what, wrong, field) => {
    const good = { key: 'good', response: 1 };
    await expect(cache.setMany([good, wrong])).rejects.toMatchObject({ field });
    expect(await cache.getCachedResponse('good')).toBeNull();
  });

  it('are refused as a whole if one of the keys is wrong', async () => {
    const before = cache.getCounters();
    await expect(cache.getMany(['good', ''])).rejects.toMatchObject({ field: 'keys[1]' });
    expect(cache.getCounters()).toEqual(before);
  });
});

async function startRedis(): Promise<RedisServer> {
  const redis = await RedisServer.start();
  stops.push(() => redis.stop());
  return redis;
}

async function startCluster(): Promise<RedisCluster> {
  const nodes = await RedisCluster.start({ masters: 3 });
  stops.push(() => nodes.stop());
  return nodes;
}

async function startProxy(target: RedisServer, onCommand: () => void): Promise<HoldingProxy> {
  const proxy = await HoldingProxy.start(target, onCommand);
  stops.push(() => proxy.stop());
  return proxy;
}

describe('many responses at once', () => {
  it('take one round trip', async () => {
    const redis = await startRedis();
    const proxy = await startProxy(redis, () => {
      const { sent } = proxy;
      if (sent.get('get') === KEYS.length || sent.get('set') === KEYS.length) proxy.release();
    });
    const cache = caches.create({ connection: { host: proxy.host, port: proxy.port } });
    expect(await cache.isConnected()).toBe(true);
    proxy.hold();
    expect(await cache.setMany(RESPONSES)).toEqual(KEYS.map(() => true));
    proxy.hold();
    expect(await cache.getMany(KEYS)).toEqual(VALUES);
  });

  it('are sent to all nodes of a Cluster before the first reply', async () => {
    const nodes = await startCluster();
    const client = nodes.client();
    const cache = caches.create({ connection: { client } });
    expect(await cache.isConnected()).toBe(true);
    const send = client.sendCommand.bind(client);
    let sent = 0;
    client.sendCommand = (...args) => {
      sent += 1;
      return send(...args);
    };
    const stored = cache.setMany(RESPONSES);
    await Promise.resolve();
    expect(sent).toBe(KEYS.length);
    expect(await stored).toEqual(KEYS.map(() => true));
    sent = 0;
    const found = cache.getMany(KEYS);
    await Promise.resolve();
    expect(sent).toBe(KEYS.length);
    expect(await found).toEqual(VALUES);
  });

  it('are misses if their entries cannot be read, and values otherwise', async () => {
    const redis = await startRedis();
    const cache = caches.create({ connection: { url: redis.url } });
    await cache.setMany(RESPONSES);
    const client = redis.client();
    await client.del('redis-cache:cache:{key 1}');
    await client.set('redis-cache:cache:{key 2}', 'damaged');
    await client.del('redis-cache:cache:{key 3}');
    await client.lpush('redis-cache:cache:{key 3}', 'a list');
    const expected = VALUES.map((value, index) => ([1, 2, 3].includes(index) ? null : value));
    expect(await cache.getMany(KEYS)).toEqual(expected);
  });

  it('are misses on a Cluster node that does not respond, and values on the others', async () => {
    const nodes = await startCluster();
    const cache = caches.create({
      connection: { clusterNodes: nodes.addresses },
      commandTimeoutMs: 2_000,
    });
    await cache.setMany(RESPONSES);
    const onFirst = new Set(await nodes.nodes[0]!.client().keys('*'));
    await nodes.nodes[0]!.pause();
    const expected = KEYS.map((key, index) =>
      onFirst.has(`redis-cache:cache:{${key}}`) ? null : VALUES[index],
    );
    // Repeats only if the machine pauses for the whole deadline.
    const areFound = async (): Promise<boolean> =>
      JSON.stringify(await cache.getMany(KEYS)) === JSON.stringify(expected);
    await until(areFound, { what: 'the values of the other nodes', timeoutMs: 30_000 });
    await nodes.nodes[0]!.resume();
    expect(onFirst.size).toBeGreaterThan(0);
    expect(onFirst.size).toBeLessThan(KEYS.length);
  });

  it('are all `false` and `null` without Redis', async () => {
    const redis = await startRedis();
    const cache = caches.create({ connection: { url: redis.url } });
    await cache.setMany(RESPONSES);
    await redis.kill();
    expect(await cache.getMany(KEYS)).toEqual(KEYS.map(() => null));
    expect(await cache.setMany(RESPONSES)).toEqual(KEYS.map(() => false));
  });

  it('come from the near copies, if there are any', async () => {
    const redis = await startRedis();
    const cache = caches.create({ connection: { url: redis.url }, near: { staleSeconds: 600 } });
    await cache.setMany(RESPONSES);
    const { nearHits } = cache.getCounters();
    const areNear = async (): Promise<boolean> => {
      await cache.getMany(KEYS);
      return cache.getStatus().nearEntries === KEYS.length;
    };
    await until(areNear, { what: 'a near copy of each' });
    await redis.kill();
    expect(await cache.getMany([...KEYS, 'none'])).toEqual([...VALUES, null]);
    expect(cache.getCounters().nearHits).toBeGreaterThanOrEqual(nearHits + KEYS.length);
  });
});
