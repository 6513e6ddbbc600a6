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

/** Returns an entry that was written some time ago. */
function aged(body: Buffer, ageMs: number, marks = {}): Buffer {
  const createdAt = Date.now() - ageMs;
  return encodeEntry(body, { createdAt, expiresAt: createdAt + 60_000, durationMs: 1 }, marks);
}

async function bytesIn(cache: RedisCacheService): Promise<Buffer | null> {
  const found = await cache.lookup('key', { as: 'bytes' });
  return found.status === 'hit' ? found.json : null;
}

const stored = (): Promise<number> => redis.client().exists(ENTRY);
const untilRemoved = () => until(async () => (await stored()) === 0, { what: 'the entry to be removed' });

describe('lookup of bytes', () => {
  it('returns the JSON of the value, compressed or not', async () => {
    for (const cache of [plain, squeezing]) {
      await cache.cacheResponse('key', VALUE);
      expect(await bytesIn(plain)).toEqual(JSON_BYTES);
      expect(await bytesIn(squeezing)).toEqual(JSON_BYTES);
    }
    expect(plain.getCounters()).toMatchObject({ hits: 2, misses: 0 });
  });

  it('returns a value stored by `getOrSet` until its tag is invalidated', async () => {
    await plain.getOrSet('key', () => VALUE, { tags: ['tag'] });
    expect(await bytesIn(plain)).toEqual(JSON_BYTES);
    await squeezing.invalidateTags('tag');
    expect(await bytesIn(plain)).toBeNull();
  });

  it('returns JSON of another program unchanged, white space included', async () => {
    await redis.client().set(ENTRY, '{ "a" : 1 }\n');
    expect((await bytesIn(plain))?.toString()).toBe('{ "a" : 1 }\n');
  });

  it('misses when there is no entry, or only a stale value or a failure', async () => {
    expect(await bytesIn(plain)).toBeNull();
    await redis.client().set(ENTRY, aged(JSON_BYTES, 61_000));
    expect(await bytesIn(plain)).toBeNull();
    await redis.client().set(ENTRY, aged(Buffer.from('{"message":"no"}'), 0, { failure: true }));
    expect(await bytesIn(plain)).toBeNull();
    expect(await stored()).toBe(1);
    expect(plain.getCounters()).toMatchObject({ hits: 0, misses: 3, corrupt: 0 });
  });

  it.each<[string, () => Buffer]>([
    ['text that is not JSON', () => Buffer.from('{"a":')],
    ['a truncated entry', () => aged(JSON_BYTES, 0).subarray(0, -1)],
    ['damaged compressed bytes', () => aged(Buffer.from('damaged'), 0, { compressed: true })],
    [
      'a small entry that would grow beyond `maxValueBytes`',
      () => aged(deflateSync(Buffer.alloc(20_000_000, ' ')), 0, { compressed: true }),
    ],
  ])('misses on %s, and removes it', async (_what, bytes) => {
    await redis.client().set(ENTRY, bytes());
    expect(await bytesIn(plain)).toBeNull();
    await untilRemoved();
    await redis.client().set(ENTRY, bytes());
    expect(await plain.getCachedResponse('key')).toBeNull();
    await untilRemoved();
    expect(plain.getCounters().corrupt).toBe(2);
  });

  it('misses on a key of another type, and removes it', async () => {
    await redis.client().lpush(ENTRY, 'a list');
    expect(await bytesIn(plain)).toBeNull();
    await untilRemoved();
    expect(plain.getCounters().corrupt).toBe(1);
    expect(plain.getStatus().phase).toBe('serving');
  });

  it('refuses a wrong key', async () => {
    await expect(plain.lookup('', { as: 'bytes' })).rejects.toMatchObject({ field: 'key' });
    await expect(plain.lookup('key', { as: 'text' as never })).rejects.toMatchObject({ field: 'as' });
  });

  it('works on memory', async () => {
    const cache = caches.create({ backend: 'memory', compressAboveBytes: 100 });
    await cache.cacheResponse('key', VALUE);
    expect(await bytesIn(cache)).toEqual(JSON_BYTES);
  });
});

describe('compression', () => {
  it('shrinks stored entries above the given size, whichever operation stores them', async () => {
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

it('lookup of bytes misses without Redis', async () => {
  const gone = await RedisServer.start();
  const cache = caches.create({ connection: { url: gone.url } });
  await cache.cacheResponse('key', VALUE);
  await gone.kill();
  expect(await bytesIn(cache)).toBeNull();
});
