import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@test/support/index.js';
import { heldStream, readAll, streamOf } from '@test/redis-cache/held-stream.js';
import { openText, type TextOptions } from '@test/redis-cache/stream-pair.js';
import { createRedisCache } from '../create-redis-cache.js';
import type { RedisCacheService } from '../redis-cache.service.js';
import { AbandonedError } from './flight.js';
import type { StreamFactory } from './stream-source.js';

describe('a stream that ends early', () => {
  let cache: RedisCacheService;

  beforeEach(() => {
    cache = createRedisCache({ backend: 'memory' });
  });

  afterEach(() => cache.close());

  const open = (factory: StreamFactory<string>, options?: TextOptions, key = 'key') =>
    openText(cache, key, factory, options);

  const get = (factory: () => unknown = () => 'not called') => cache.getOrSetEntry('key', factory);

  describe('failures', () => {
    it('before the first piece reject the call', async () => {
      const held = heldStream();
      const callers = [open(held.factory), open(held.factory)];
      (await held.call(0)).fail(new Error('no'));
      for (const caller of callers) await expect(caller).rejects.toThrow('no');
      expect(cache.getCounters()).toMatchObject({ misses: 0, collapsed: 0 });
    });

    it.each([
      ['throws', () => Promise.reject(new Error('no stream'))],
      ['returns no iterable', () => 'text' as never],
    ])('of a factory that %s reject the call', async (_how, factory) => {
      await expect(open(factory as never)).rejects.toThrow();
      expect((await open(streamOf('a'))).status).toBe('miss');
    });

    it('after some pieces end the iteration of every reader, after these pieces', async () => {
      const held = heldStream();
      const opening = open(held.factory);
      const call = await held.call(0);
      call.push('a');
      const stream = await opening;
      const readers = [readAll(stream), readAll(stream), readAll(await open(held.factory))];
      call.push('b');
      const failure = new Error('late');
      call.fail(failure);
      for (const { pieces, ended } of readers) {
        expect(await ended).toBe(failure);
        expect(pieces).toEqual(['a', 'b']);
      }
      await expect(stream.collected()).rejects.toBe(failure);
      expect(await cache.getCachedResponse('key')).toBeNull();
    });

    it('of collect are failures of the factory', async () => {
      const stream = await open(streamOf('a'), { collect: failing });
      const reader = readAll(stream);
      expect(await reader.ended).toMatchObject({ message: 'cannot do it' });
      expect(reader.pieces).toEqual(['a']);
      expect((await open(streamOf('b'))).status).toBe('miss');
    });

    it('of replay end the iteration', async () => {
      await cache.cacheResponse('key', 'x');
      const stream = await open(streamOf('a'), { replay: failing });
      expect(await readAll(stream).ended).toMatchObject({ message: 'cannot do it' });
    });
  });

  describe('leaving', () => {
    it('by a break aborts the factory when nobody else reads', async () => {
      const held = heldStream();
      const opening = open(held.factory);
      const call = await held.call(0);
      call.push('a');
      for await (const piece of await opening) {
        expect(piece).toBe('a');
        break;
      }
      await until(async () => call.signal.aborted, { what: 'the abort' });
      expect(call.signal.reason).toBeInstanceOf(AbandonedError);
      expect(call.closed).toBe(true);
      await until(async () => (await open(streamOf('next'))).status !== 'collapsed', {
        what: 'a new computation',
      });
    });

    it('of one of two readers lets the factory go on for the other', async () => {
      const held = heldStream();
      const both = [open(held.factory), open(held.factory)];
      const call = await held.call(0);
      call.push('a');
      const [one, other] = await Promise.all(both);
      await one![Symbol.asyncIterator]().return!();
      expect(call.signal.aborted).toBe(false);
      const reader = readAll(other!);
      call.push('b');
      call.end();
      expect(await reader.ended).toBeUndefined();
      expect(reader.pieces).toEqual(['a', 'b']);
    });

    it.each([
      ['a caller of the whole value', () => get()],
      ['collected()', async (stream: { collected(): Promise<unknown> }) => stream.collected()],
    ])('does not abort the factory while %s waits', async (_who, wait) => {
      const held = heldStream();
      const opening = open(held.factory);
      const call = await held.call(0);
      call.push('a');
      const stream = await opening;
      const waiting = wait(stream);
      await new Promise((resolve) => setImmediate(resolve));
      await stream[Symbol.asyncIterator]().return!();
      expect(call.signal.aborted).toBe(false);
      call.end();
      expect(await waiting).toMatchObject({ value: 'a' });
    });

    it('ends a pending next', async () => {
      const held = heldStream();
      const opening = open(held.factory);
      const call = await held.call(0);
      call.push('a');
      const iterator = (await opening)[Symbol.asyncIterator]();
      await iterator.next();
      const pending = iterator.next();
      await iterator.return!();
      expect(await pending).toEqual({ done: true, value: undefined });
    });

    it('by the signal ends the call, or the iteration, with its reason', async () => {
      const held = heldStream();
      const [early, late] = [new AbortController(), new AbortController()];
      const opening = open(held.factory, { signal: early.signal });
      const other = open(held.factory, { signal: late.signal });
      const call = await held.call(0);
      early.abort(new Error('left early'));
      await expect(opening).rejects.toThrow('left early');
      expect(call.signal.aborted).toBe(false);
      call.push('a', 'b');
      const stream = await other;
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      late.abort(new Error('left late'));
      await expect(iterator.next()).rejects.toThrow('left late');
      await expect(stream.collected()).rejects.toThrow('left late');
      expect(call.signal.reason).toBeInstanceOf(AbandonedError);
    });

    it('ends a wait for the next piece by the signal', async () => {
      const held = heldStream();
      const leave = new AbortController();
      const opening = open(held.factory, { signal: leave.signal });
      (await held.call(0)).push('a');
      const reader = readAll(await opening);
      await until(() => reader.pieces.length === 1, { what: 'the first piece' });
      leave.abort(new Error('left'));
      expect(await reader.ended).toMatchObject({ message: 'left' });
    });
  });

  describe('hardTimeoutMs', () => {
    it('fails the stream after its pieces so far, and drops later ones', async () => {
      const held = heldStream();
      const opening = open(held.factory, { hardTimeoutMs: 50 });
      const call = await held.call(0);
      call.push('a');
      const reader = readAll(await opening);
      expect(await reader.ended).toMatchObject({ code: 'ERR_CACHE_FACTORY_TIMEOUT' });
      call.push('late');
      call.end();
      expect(reader.pieces).toEqual(['a']);
      expect(call.closed).toBe(true);
      expect((await (await open(streamOf('next'))).collected()).value).toBe('next');
    });
  });
});

function failing(): never {
  throw new Error('cannot do it');
}
