import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { InvalidKeyError, InvalidTtlError, type RedisCacheOptions } from 'nestjs-redis-cache';
import { KeyvRedisCache } from 'nestjs-redis-cache/keyv';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisServer } from '@test/support/index.js';

const SECONDS_OF_50_YEARS = 50 * 365 * 24 * 3_600;

let server: RedisServer;
let caches: Caches;

beforeAll(async () => {
  LogCapture.start();
  server = await RedisServer.start();
  caches = new Caches({ connection: { url: server.url } });
});

afterEach(() => caches.closeAll());

afterAll(() => server.stop());

function open(options: RedisCacheOptions = {}): { store: KeyvRedisCache; keyPrefix: string } {
  const keyPrefix = options.keyPrefix ?? freshPrefix();
  return { store: new KeyvRedisCache(caches.create({ keyPrefix, ...options })), keyPrefix };
}

describe('Keyv on Redis', () => {
  it('keeps a value for its milliseconds, also below a second, and without a TTL for good', async () => {
    const { store, keyPrefix } = open();
    const keyv = new Keyv({ store });
    expect(await keyv.set('short', 'value', 900)).toBe(true);
    expect(await keyv.set('long', 'value', 90_000)).toBe(true);
    expect(await keyv.set('endless', 'value')).toBe(true);
    const ttl = (key: string) => server.client().pttl(`${keyPrefix}:cache:{keyv:${key}}`);
    expect(await ttl('short')).toBeLessThanOrEqual(900);
    expect(await ttl('long')).toBeGreaterThan(80_000);
    expect(await ttl('long')).toBeLessThanOrEqual(90_000);
    expect(await ttl('endless')).toBeGreaterThan(SECONDS_OF_50_YEARS * 1_000);
    await store.set('fraction', 'value', 0.2);
    expect(await server.client().pttl(`${keyPrefix}:cache:{fraction}`)).toBeLessThanOrEqual(1);
  });

  it.each<[string, RedisCacheOptions]>([
    ['plain', {}],
    ['with copies in the process', { near: {} }],
    ['compressed', { compressAboveBytes: 1 }],
    ['in memory', { backend: 'memory', connection: undefined }],
  ])('returns each value as it was, %s', async (_how, options) => {
    const keyv = new Keyv({ store: open(options).store });
    const values = [0, false, null, '', ':text', { deep: [1, { text: 'ü' }] }, Buffer.from([0, 255])];
    for (const [index, value] of values.entries()) {
      await keyv.set(`key-${index}`, value, 60_000);
      expect(await keyv.get(`key-${index}`)).toEqual(value);
      expect(await keyv.get(`key-${index}`)).toEqual(value);
    }
    expect(await keyv.getMany(values.map((_value, index) => `key-${index}`))).toEqual(values);
  });

  it('stores the text of the serializer as the value of the entry', async () => {
    const { store } = open();
    const keyv = new Keyv({ store });
    await keyv.set('key', { a: 1 });
    expect(await store.cache.getCachedResponse('keyv:key')).toBe('{"value":{"a":1}}');
  });

  it('stores the object itself without a serializer', async () => {
    const { store } = open();
    const keyv = new Keyv({ store });
    keyv.serialize = undefined;
    await keyv.set('key', { a: 1 });
    expect(await store.cache.getCachedResponse('keyv:key')).toEqual({ value: { a: 1 } });
    expect(await keyv.get('key')).toEqual({ a: 1 });
  });

  it('returns for each of several writes whether it was stored', async () => {
    const { store } = open();
    const keyv = new Keyv({ store });
    const entries = [
      { key: 'one', value: 1 },
      { key: 'two', value: 2, ttl: 50_000 },
    ];
    expect(await keyv.setMany(entries)).toEqual([true, true]);
    expect(await keyv.get(['one', 'two', 'three'])).toEqual([1, 2, undefined]);
    expect(await keyv.has(['one', 'three'])).toEqual([true, false]);
  });

  it('returns whether a deleted key was there', async () => {
    const keyv = new Keyv({ store: open().store });
    await keyv.set('key', 1);
    expect(await keyv.delete('key')).toBe(true);
    expect(await keyv.delete('key')).toBe(false);
    await keyv.set('key', 1);
    expect(await keyv.delete(['key', 'other'])).toBe(true);
    expect(await keyv.delete(['key', 'other'])).toBe(false);
  });

  it('clears and iterates one namespace, and leaves the others', async () => {
    const { store, keyPrefix } = open();
    const [one, two] = [
      new Keyv({ store, namespace: 'one' }),
      new Keyv({ store: open({ keyPrefix }).store, namespace: 'one:two' }),
    ];
    const other = new Keyv({ store: open({ keyPrefix }).store, namespace: 'other' });
    await Promise.all([one.set('a', 1), one.set('b:c', 2), two.set('a', 3), other.set('a', 4)]);
    const entries = new Map<string, unknown>();
    for await (const [key, value] of other.iterator!({})) entries.set(key as string, value);
    expect(entries).toEqual(new Map([['a', 4]]));
    await other.clear();
    expect(await other.get('a')).toBeUndefined();
    expect(await one.get('b:c')).toBe(2);
    await one.clear();
    expect(await one.get(['a', 'b:c'])).toEqual([undefined, undefined]);
  });

  it('clears more keys than a page has', async () => {
    const { store } = open();
    const keyv = new Keyv({ store, namespace: 'many' });
    const keys = Array.from({ length: 3_000 }, (_, index) => `key-${index}`);
    await keyv.setMany(keys.map((key) => ({ key, value: key })));
    await keyv.clear();
    expect((await keyv.hasMany(keys)).includes(true)).toBe(false);
  });

  it('refuses wrong arguments', async () => {
    const { store } = open();
    await expect(store.get('')).rejects.toBeInstanceOf(InvalidKeyError);
    await expect(store.set('key', 'value', -1)).rejects.toBeInstanceOf(InvalidTtlError);
    expect(() => new KeyvRedisCache(null as never)).toThrow(
      /cache must be a RedisCacheService, or the options/,
    );
  });

  it('closes a cache of its own, and not one that it was given', async () => {
    const own = new KeyvRedisCache({ connection: { url: server.url }, keyPrefix: freshPrefix() });
    await new Keyv({ store: own }).disconnect();
    expect(own.cache.getStatus().phase).toBe('closed');
    const { store } = open();
    await new Keyv({ store }).disconnect();
    expect(store.cache.getStatus().phase).not.toBe('closed');
  });
});

describe('cache-manager on Redis', () => {
  it('gets, sets, wraps and deletes, by milliseconds', async () => {
    const { store, keyPrefix } = open();
    const cache = createCache({ stores: [new Keyv({ store, ttl: 60_000 })] });
    expect(await cache.set('key', { a: 1 })).toEqual({ a: 1 });
    expect(await server.client().pttl(`${keyPrefix}:cache:{keyv:key}`)).toBeGreaterThan(50_000);
    expect(await cache.get('key')).toEqual({ a: 1 });
    let calls = 0;
    const compute = (): Promise<number> => Promise.resolve((calls += 1));
    const values = await Promise.all(Array.from({ length: 5 }, () => cache.wrap('wrapped', compute, 5_000)));
    expect(values).toEqual([1, 1, 1, 1, 1]);
    expect(await cache.mget(['key', 'wrapped', 'none'])).toEqual([{ a: 1 }, 1, undefined]);
    await cache.del('key');
    expect(await cache.get('key')).toBeUndefined();
    await cache.clear();
    expect(await cache.get('wrapped')).toBeUndefined();
  });
});

describe('Keyv without Redis', () => {
  it.each(['frozen', 'killed'] as const)('misses and stores nothing while Redis is %s', async (fault) => {
    const redis = await RedisServer.start();
    const options = { connection: { url: redis.url }, keyPrefix: freshPrefix(), commandTimeoutMs: 500 };
    const { store } = open(options);
    const errors: unknown[] = [];
    const keyv = new Keyv({ store, stats: true }).on('error', (error) => errors.push(error));
    const cache = createCache({ stores: [keyv] });
    expect(await keyv.set('key', 'value')).toBe(true);
    await (fault === 'frozen' ? redis.pause() : redis.kill());

    expect(await keyv.get('key')).toBeUndefined();
    expect(await keyv.get(['key'])).toEqual([undefined]);
    expect(await keyv.set('key', 'new')).toBe(false);
    expect(await keyv.setMany([{ key: 'key', value: 'new' }])).toEqual([false]);
    expect(await keyv.delete('key')).toBe(false);
    expect(await keyv.has('key')).toBe(false);
    expect(await keyv.clear()).toBeUndefined();
    const entries: unknown[] = [];
    for await (const entry of keyv.iterator!({})) entries.push(entry);
    expect(entries).toEqual([]);
    expect(await cache.wrap('computed', () => Promise.resolve(7))).toBe(7);
    expect(keyv.stats).toMatchObject({ hits: 1, misses: 2 });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ message: expect.stringContaining('Redis is unavailable') });

    await (fault === 'frozen' ? redis.resume() : redis.restart());
    await untilPhase(store.cache, 'serving');
    expect(await keyv.set('key', 'again')).toBe(true);
    expect(await keyv.get('key')).toBe('again');
    await redis.kill();
    await keyv.get('key');
    expect(errors).toHaveLength(2);
    await redis.stop();
  });

  it('reports no outage when a value cannot be stored', async () => {
    const { store } = open();
    const errors: unknown[] = [];
    store.on('error', (error) => errors.push(error));
    expect(await store.set('key', 1)).toBe(true);
    expect(await store.set('key', 1n)).toBe(false);
    expect(errors).toEqual([]);
  });

  it('throws nothing if nobody listens to errors', async () => {
    const redis = await RedisServer.start();
    const { store } = open({ connection: { url: redis.url }, keyPrefix: freshPrefix() });
    expect(await store.set('key', 'value')).toBe(true);
    await redis.stop();
    expect(await store.get('key')).toBeUndefined();
    expect(await store.clear()).toBeUndefined();
  });
});
