import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer } from '@test/support/index.js';

const caches = new Caches();
let server: RedisServer;
let cache: RedisCacheService;
let log: LogCapture;

beforeAll(async () => {
  server = await RedisServer.start();
});

beforeEach(() => {
  log = LogCapture.start();
  cache = caches.create({ connection: { url: server.url }, keyPrefix: freshPrefix() });
});

afterEach(() => caches.closeAll());

afterAll(() => server.stop());

function nest(levels: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < levels; level += 1) value = [value];
  return value;
}

describe('a value that is nested too deeply', () => {
  const TOO_DEEP_VALUE = nest(2_001);

  it('is not cached', async () => {
    expect(await cache.cacheResponse('key', TOO_DEEP_VALUE)).toBe(false);
    expect(await cache.setMany([{ key: 'key', response: TOO_DEEP_VALUE }])).toEqual([false]);
    expect(log.lines[0]).toBe('A response was not cached: it is nested more than 2000 levels deep');
    expect(await cache.cacheResponse('key', nest(2_000))).toBe(true);
    expect(await cache.getCachedResponse('key')).toEqual(nest(2_000));
  });

  it('is returned by getOrSet and not stored', async () => {
    const computed = await cache.getOrSetEntry('key', () => TOO_DEEP_VALUE);
    expect(computed).toMatchObject({ status: 'miss', stored: false });
    expect(computed.value).toBe(TOO_DEEP_VALUE);
    expect(await cache.lookup('key')).toEqual({ status: 'miss' });
    expect(log.matching(/^A computed value was not cached: it is nested/)).toHaveLength(1);
  });

  it('is not queued', async () => {
    expect(await cache.queueRequest(TOO_DEEP_VALUE)).toBe(false);
    expect(await cache.queue().queueOutcome(TOO_DEEP_VALUE)).toBe('invalid');
    expect(await cache.queueRequest(nest(2_000))).toBe(true);
    expect(await cache.dequeueRequest()).toEqual(nest(2_000));
  });

  it('ends the log of a stream for other processes, and not the stream', async () => {
    const options = { collect: (all: readonly unknown[]) => all.length, replay: () => [] };
    const stream = await cache.getOrStream<unknown, number>(
      'key',
      async function* () {
        yield 'first';
        yield nest(2_001);
      },
      options,
    );
    const pieces: unknown[] = [];
    for await (const piece of stream) pieces.push(piece);
    expect(pieces).toHaveLength(2);
    expect(await stream.collected()).toMatchObject({ value: 2 });
  });
});
