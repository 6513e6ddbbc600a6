import { deflateSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { encodeEntry } from '@redis-cache/core/entry/entry-envelope.js';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until } from '@test/support/index.js';

const ENTRY = 'redis-cache:cache:{key}';
const VALUE = { text: 'Grüße 👋 '.repeat(2_000), nested: [{ __proto__: null, a: 1 }] };
const JSON_BYTES = Buffer.from(JSON.stringify(VALUE));

const caches = new Caches();
let redis: RedisServer;
let plain: RedisCacheService;
let squeezing: RedisCacheService;

beforeAll(async () => {
  LogCapture.start();
  redis = await RedisServer.start();
});

afterAll(() => redis?.stop());

beforeEach(async () => {
  await redis.client().flushall();
  plain = caches.create({ connection: { url: redis.url } });
  squeezing = caches.create({ connection: { url: redis.url }, compressAboveBytes: 100 });
});

afterEach(() => caches.closeAll());

/** An entry that was written a while ago. */
function aged(body: Buffer, ageMs: number, marks = {}): Buffer {
  const createdAt = Date.now() - ageMs;
  return encodeEntry(body, { createdAt, expiresAt: createdAt + 60_000, durationMs: 1 }, marks);
}

const stored = (): Promise<number> => redis.client().exists(ENTRY);
const untilRemoved = () => until(async () => (await stored()) === 0, { what: 'the entry to be removed' });

describe('getCachedBytes', () => {
  it('hands out the JSON of the value, compressed or not', async () => {
    for (const cache of [plain, squeezing]) {
      await cache.cacheResponse('key', VALUE);
      expect(await plain.getCachedBytes('key')).toEqual(JSON_BYTES);
      expect(await squeezing.getCachedBytes('key')).toEqual(JSON_BYTES);
    }
    expect(plain.getCounters()).toMatchObject({ hits: 2, misses: 0 });
  });

  it('hands out what `getOrSet` has stored, until its tag is invalidated', async () => {
    await plain.getOrSet('key', () => VALUE, { tags: ['tag'] });
    expect(await plain.getCachedBytes('key')).toEqual(JSON_BYTES);
    await squeezing.invalidateTags('tag');
    expect(await plain.getCachedBytes('key')).toBeNull();
  });

  it('hands out JSON of another program as it is, white space and all', async () => {
    await redis.client().set(ENTRY, '{ "a" : 1 }\n');
    expect((await plain.getCachedBytes('key'))?.toString()).toBe('{ "a" : 1 }\n');
  });

  it('has none where there is nothing, or only a value past its TTL or a failure', async () => {
    expect(await plain.getCachedBytes('key')).toBeNull();
    await redis.client().set(ENTRY, aged(JSON_BYTES, 61_000));
    expect(await plain.getCachedBytes('key')).toBeNull();
    await redis.client().set(ENTRY, aged(Buffer.from('{"message":"no"}'), 0, { failure: true }));
    expect(await plain.getCachedBytes('key')).toBeNull();
    expect(await stored()).toBe(1);
    expect(plain.getCounters()).toMatchObject({ hits: 0, misses: 3, corrupt: 0 });
  });

  it.each<[string, () => Buffer]>([
    ['text that is no JSON', () => Buffer.from('{"a":')],
    ['a truncated entry', () => aged(JSON_BYTES, 0).subarray(0, -1)],
    ['compressed bytes that are damaged', () => aged(Buffer.from('damaged'), 0, { compressed: true })],
    [
      'a small entry that would grow beyond `maxValueBytes`',
      () => aged(deflateSync(Buffer.alloc(20_000_000, ' ')), 0, { compressed: true }),
    ],
  ])('takes %s for a miss, and removes it', async (_what, bytes) => {
    await redis.client().set(ENTRY, bytes());
    expect(await plain.getCachedBytes('key')).toBeNull();
    await untilRemoved();
    await redis.client().set(ENTRY, bytes());
    expect(await plain.getCachedResponse('key')).toBeNull();
    await untilRemoved();
    expect(plain.getCounters().corrupt).toBe(2);
  });

  it('takes another type under the key for a miss, and removes it', async () => {
    await redis.client().lpush(ENTRY, 'a list');
    expect(await plain.getCachedBytes('key')).toBeNull();
    await untilRemoved();
    expect(plain.getCounters().corrupt).toBe(1);
    expect(plain.getStatus().phase).toBe('serving');
  });

  it('refuses a wrong key', async () => {
    await expect(plain.getCachedBytes('')).rejects.toMatchObject({ field: 'promptHash' });
  });

  it('works on memory', async () => {
    const cache = caches.create({ backend: 'memory', compressAboveBytes: 100 });
    await cache.cacheResponse('key', VALUE);
    expect(await cache.getCachedBytes('key')).toEqual(JSON_BYTES);
  });
});

describe('compression', () => {
  it('makes what lies in Redis smaller, above the size that is set, for all ways to store', async () => {
    const size = (): Promise<number> => redis.client().strlen(ENTRY);
    await plain.cacheResponse('key', VALUE);
    expect(await size()).toBeGreaterThan(JSON_BYTES.byteLength);
    for (const store of [
      () => squeezing.cacheResponse('key', VALUE),
      () => squeezing.getOrSet('key', () => VALUE, { readPolicy: 'no-cache' }),
      () => squeezing.resume(squeezing.ticketFor('key'), () => VALUE),
    ]) {
      await plain.delete('key');
      await store();
      expect(await size()).toBeLessThan(JSON_BYTES.byteLength / 10);
      expect(await plain.getCachedResponse('key')).toEqual(JSON.parse(JSON_BYTES.toString()));
    }
    await squeezing.cacheResponse('key', 'small');
    expect(await redis.client().get(ENTRY)).toContain('"small"');
  });
});

it('without Redis there are no bytes', async () => {
  const gone = await RedisServer.start();
  const cache = caches.create({ connection: { url: gone.url } });
  await cache.cacheResponse('key', VALUE);
  await gone.kill();
  expect(await cache.getCachedBytes('key')).toBeNull();
});
