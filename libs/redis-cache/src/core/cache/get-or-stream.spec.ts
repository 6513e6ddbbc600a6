import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@test/support/index.js';
import { heldFactory } from '@test/get-or-set/factories.js';
import { heldStream, readAll, streamOf } from '@test/redis-cache/held-stream.js';
import { openText, type TextOptions } from '@test/redis-cache/stream-pair.js';
import { createRedisCache } from '../create-redis-cache.js';
import type { RedisCacheService } from '../redis-cache.service.js';
import type { StreamFactory } from './stream-source.js';

describe('getOrStream in one process', () => {
  let cache: RedisCacheService;

  beforeEach(() => {
    cache = createRedisCache({ backend: 'memory' });
  });

  afterEach(() => cache.close());

  const open = (factory: StreamFactory<string>, options?: TextOptions, key = 'key') =>
    openText(cache, key, factory, options);

  const get = (factory: () => unknown = () => 'not called') => cache.getOrSetEntry('key', factory);

  it('resolves with the first piece, and hands out each piece when it comes', async () => {
    const held = heldStream();
    const opening = open(held.factory);
    const call = await held.call(0);
    call.push('a');
    const stream = await opening;
    expect(stream).toMatchObject({ status: 'miss', source: 'factory', key: 'key', ageSeconds: 0 });
    const iterator = stream[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ done: false, value: 'a' });
    const second = iterator.next();
    call.push('b');
    expect(await second).toEqual({ done: false, value: 'b' });
    const end = iterator.next();
    call.end();
    expect(await end).toEqual({ done: true, value: undefined });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('stores the collected value before the iteration ends', async () => {
    const reader = readAll(await open(streamOf('a', 'b')));
    expect(await reader.ended).toBeUndefined();
    expect(reader.pieces).toEqual(['a', 'b']);
    expect(await cache.getCachedResponse('key')).toBe('a|b');
  });

  it('replays a hit, with its age and TTL', async () => {
    await cache.cacheResponse('key', 'x|y', 60);
    const factory = streamOf('not called');
    const stream = await open(factory);
    expect(stream).toMatchObject({ status: 'hit', source: 'redis', key: 'key', durationMs: null });
    expect(stream.ttlSeconds).toBeGreaterThan(50);
    const reader = readAll(stream);
    await reader.ended;
    expect(reader.pieces).toEqual(['x', 'y']);
    expect(await stream.collected()).toMatchObject({ value: 'x|y', status: 'hit', stored: true });
    expect(factory.calls).toBe(0);
  });

  it('calls the factory once for any number of callers, whenever they come', async () => {
    const held = heldStream();
    const early = Array.from({ length: 10 }, () => open(held.factory));
    const call = await held.call(0);
    call.push('a', 'b');
    const first = await Promise.all(early);
    call.push('c');
    const late = await Promise.all([open(held.factory), open(held.factory)]);
    const readers = [...first, ...late].map((stream) => readAll(stream));
    call.push('d');
    call.end();
    for (const { pieces, ended } of readers) {
      expect(await ended).toBeUndefined();
      expect(pieces).toEqual(['a', 'b', 'c', 'd']);
    }
    expect(held.calls).toHaveLength(1);
    expect(first.map(({ status }) => status)).toEqual(['miss', ...Array<string>(9).fill('collapsed')]);
    expect(late.map(({ status }) => status)).toEqual(['collapsed', 'collapsed']);
    expect(cache.getCounters()).toMatchObject({ misses: 1, collapsed: 11, writes: 1 });
  });

  it('reads from the first piece with each iterator of one stream', async () => {
    const held = heldStream();
    const opening = open(held.factory);
    const call = await held.call(0);
    call.push('a', 'b');
    const stream = await opening;
    const first = readAll(stream);
    await until(() => first.pieces.length === 2, { what: 'two pieces' });
    const second = readAll(stream);
    call.push('c');
    call.end();
    await Promise.all([first.ended, second.ended]);
    expect([first.pieces, second.pieces]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ]);
  });

  it('freezes the pieces that callers share', async () => {
    const pieces = readAll(
      await cache.getOrStream('key', streamOf({ a: [1] }), { collect: String, replay: () => [] }),
    );
    await pieces.ended;
    expect(Object.isFrozen(pieces.pieces[0]!.a)).toBe(true);
  });

  it('ends without a piece when the factory produces none', async () => {
    const stream = await open(streamOf());
    const reader = readAll(stream);
    expect(await reader.ended).toBeUndefined();
    expect(await stream.collected()).toMatchObject({ value: '', stored: true, status: 'miss' });
  });

  it('collects without iterating, and says how the value was stored', async () => {
    const stream = await open(streamOf('a', 'b'), { shouldCache: () => false });
    const { ageSeconds, ttlSeconds, durationMs: _time, ...rest } = await stream.collected();
    expect(rest).toEqual({ value: 'a|b', status: 'miss', source: 'factory', key: 'key', stored: false });
    expect([ageSeconds! < 60, ttlSeconds! > 3_500]).toEqual([true, true]);
    expect(await cache.getCachedResponse('key')).toBeNull();
  });

  it('rejects wrong arguments', async () => {
    await expect(open(streamOf('a'), {}, '')).rejects.toMatchObject({ code: 'ERR_CACHE_INVALID_KEY' });
    await expect(open(streamOf('a'), { replay: undefined as never })).rejects.toThrow(
      'replay must be a function',
    );
    await expect(open(streamOf('a'), { collect: 1 as never })).rejects.toThrow('collect must be a function');
    await expect(open(streamOf('a'), { ttlSeconds: -1 })).rejects.toMatchObject({
      code: 'ERR_CACHE_INVALID_TTL',
    });
  });

  describe('together with getOrSet', () => {
    it('gives a caller of the whole value what the stream collects', async () => {
      const held = heldStream();
      const opening = open(held.factory);
      const call = await held.call(0);
      call.push('a');
      const whole = get();
      call.push('b');
      call.end();
      expect(await whole).toMatchObject({ value: 'a|b', status: 'collapsed' });
      expect((await (await opening).collected()).value).toBe('a|b');
      expect(held.calls).toHaveLength(1);
    });

    it('replays the value of a computation that began for a whole value', async () => {
      const held = heldFactory();
      const whole = get(held.factory as never);
      const call = await held.call(0);
      const opening = open(streamOf('not called'));
      call.resolve('x|y');
      const stream = await opening;
      expect(stream).toMatchObject({
        status: 'collapsed',
        source: 'factory',
      });
      expect(stream.ttlSeconds).toBeGreaterThan(3_500);
      const reader = readAll(stream);
      await reader.ended;
      expect(reader.pieces).toEqual(['x', 'y']);
      expect(await whole).toMatchObject({ value: 'x|y', status: 'miss' });
    });

    it('starts a stream anew after delete, while earlier callers keep theirs', async () => {
      const [before, after] = [heldStream(), heldStream()];
      const early = open(before.factory);
      const old = await before.call(0);
      old.push('old');
      const first = readAll(await early);
      await cache.delete('key');
      const late = open(after.factory);
      const fresh = await after.call(0);
      fresh.push('new');
      old.push('er');
      old.end();
      fresh.end();
      const second = readAll(await late);
      await Promise.all([first.ended, second.ended]);
      expect([first.pieces, second.pieces]).toEqual([['old', 'er'], ['new']]);
      expect(await cache.getCachedResponse('key')).toBe('new');
    });

    it('does not keep the value of a stream during which a tag was invalidated', async () => {
      const held = heldStream();
      const opening = open(held.factory, { tags: ['tag'] });
      const call = await held.call(0);
      call.push('a');
      const stream = await opening;
      await cache.invalidateTags('tag');
      call.push('b');
      call.end();
      expect(await stream.collected()).toMatchObject({ value: 'a|b', stored: false });
      expect(await cache.getCachedResponse('key')).toBeNull();
    });
  });
});
