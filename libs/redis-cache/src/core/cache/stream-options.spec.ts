import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@test/support/index.js';
import { heldStream, readAll, streamOf } from '@test/redis-cache/held-stream.js';
import { openText, type TextOptions } from '@test/redis-cache/stream-pair.js';
import { createRedisCache } from '../create-redis-cache.js';
import type { RedisCacheService } from '../redis-cache.service.js';
import type { StreamFactory } from './stream-source.js';

describe('the options of getOrStream', () => {
  let cache: RedisCacheService;

  beforeEach(() => {
    cache = createRedisCache({ backend: 'memory' });
  });

  afterEach(() => cache.close());

  const open = (factory: StreamFactory<string>, options?: TextOptions, key = 'key') =>
    openText(cache, key, factory, options);

  const get = (factory: () => unknown = () => 'not called') => cache.getOrSetEntry('key', factory);

  describe('a value past its TTL', () => {
    const stale = { ttlSeconds: 0.001, staleSeconds: 60 };

    beforeEach(async () => {
      await cache.getOrSet('key', () => 'o|ld', stale);
      await until(async () => (await cache.lookup('key')).status === 'miss', { what: 'the end of the TTL' });
    });

    it('is replayed when the factory fails before its first piece', async () => {
      const held = heldStream();
      const opening = open(held.factory, stale);
      (await held.call(0)).fail(new Error('no'));
      const stream = await opening;
      expect(stream).toMatchObject({ status: 'stale', source: 'redis', ttlSeconds: 0 });
      const reader = readAll(stream);
      await reader.ended;
      expect(reader.pieces).toEqual(['o', 'ld']);
    });

    it('is not mixed with the pieces of a factory that fails later', async () => {
      const held = heldStream();
      const opening = open(held.factory, stale);
      const call = await held.call(0);
      call.push('new');
      const reader = readAll(await opening);
      call.fail(new Error('late'));
      expect(await reader.ended).toMatchObject({ message: 'late' });
      expect(reader.pieces).toEqual(['new']);
    });

    it('is replayed after softTimeoutMs, while the factory goes on', async () => {
      const held = heldStream();
      const leave = new AbortController();
      const stream = await open(held.factory, { ...stale, softTimeoutMs: 10, signal: leave.signal });
      expect(stream.status).toBe('stale');
      leave.abort();
      const call = await held.call(0);
      expect(call.signal.aborted).toBe(false);
      call.push('new');
      call.end();
      await until(async () => (await get()).value === 'new', { what: 'the new value' });
    });
  });

  describe('no-store', () => {
    it('is shared by nobody and stored nowhere', async () => {
      const held = heldStream();
      const callers = [1, 2].map(() => open(held.factory, { writePolicy: 'no-store' }));
      const calls = [await held.call(0), await held.call(1)];
      for (const [index, call] of calls.entries()) {
        call.push(`own ${index}`);
        call.end();
      }
      const readers = (await Promise.all(callers)).map((stream) => readAll(stream));
      await Promise.all(readers.map(({ ended }) => ended));
      expect(readers.map(({ pieces }) => pieces)).toEqual([['own 0'], ['own 1']]);
      expect(await cache.getCachedResponse('key')).toBeNull();
    });
  });

  it.each([{}, { writePolicy: 'no-store' }, { readPolicy: 'no-cache' }] as const)(
    'a signal that aborts before the factory call ends the call with %p',
    async (policy) => {
      const held = heldStream();
      const leave = new AbortController();
      const opening = open(held.factory, { ...policy, signal: leave.signal });
      leave.abort(new Error('left'));
      await expect(opening).rejects.toThrow('left');
      expect(await get(() => 'next')).toMatchObject({ value: 'next' });
      expect(held.calls).toHaveLength(0);
    },
  );

  describe('no-cache', () => {
    it('computes although a value is stored, and replaces it', async () => {
      await cache.cacheResponse('key', 'old');
      const stream = await open(streamOf('new'), { readPolicy: 'no-cache' });
      expect(stream.status).toBe('miss');
      await stream.collected();
      expect(await cache.getCachedResponse('key')).toBe('new');
    });
  });

  it('refreshes ahead by a stream, in the background of a hit', async () => {
    await cache.cacheResponse('key', 'old', 60);
    const held = heldStream();
    const stream = await open(held.factory, { refreshAhead: 0 });
    expect(stream.status).toBe('hit');
    const call = await held.call(0);
    call.push('new');
    call.end();
    await until(async () => (await cache.getCachedResponse('key')) === 'new', { what: 'the new value' });
  });

  it('lets other work run while a source produces pieces without a pause', async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const endless = async function* (): AsyncGenerator<string> {
      const endsAt = performance.now() + 2_000;
      const hasTime = (): boolean => turns < 3 && performance.now() < endsAt;
      while (hasTime()) yield 'x';
    };
    await (await open(endless)).collected();
    clearInterval(timer);
    expect(turns).toBeGreaterThanOrEqual(3);
  });
});
