import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { counted, failing, heldFactory } from '@test/get-or-set/factories.js';
import type { GetOrSetOptions } from '../options/get-or-set-options.js';
import { createRedisCache } from '../create-redis-cache.js';
import type { RedisCacheService } from '../redis-cache.service.js';

describe('policies', () => {
  let cache: RedisCacheService;

  beforeEach(() => {
    cache = createRedisCache({ backend: 'memory' });
  });

  afterEach(() => cache.close());

  const ask = (factory: () => unknown, options: GetOrSetOptions = {}) =>
    cache.getOrSetEntry('key', factory, options);

  describe('no-cache', () => {
    it('recomputes although there is a value, and stores the new one', async () => {
      await ask(() => 'old');
      expect(await ask(() => 'new', { readPolicy: 'no-cache' })).toMatchObject({
        value: 'new',
        status: 'miss',
        stored: true,
      });
      expect(await ask(failing('not called'))).toMatchObject({ value: 'new', status: 'hit' });
    });

    it('neither joins a computation nor can be joined', async () => {
      const [normal, anew] = [heldFactory(), heldFactory()];
      const first = ask(normal.factory as never);
      const ofFirst = await normal.call(0);
      const second = ask(anew.factory as never, { readPolicy: 'no-cache' });
      const third = ask(anew.factory as never, { readPolicy: 'no-cache' });
      for (const [index, text] of ['second', 'third'].entries()) (await anew.call(index)).resolve(text);
      expect([(await second).value, (await third).value]).toEqual(['second', 'third']);
      ofFirst.resolve('first');
      expect((await first).value).toBe('first');
    });

    it('prevails over a computation that began before it', async () => {
      const normal = heldFactory();
      const first = ask(normal.factory as never);
      const ofFirst = await normal.call(0);
      expect(await ask(() => 'new', { readPolicy: 'no-cache' })).toMatchObject({ stored: true });
      ofFirst.resolve('old');
      expect(await first).toMatchObject({ value: 'old', stored: false });
      expect(await ask(failing('not called'))).toMatchObject({ value: 'new', status: 'hit' });
    });

    it('leaves the stored value when it fails', async () => {
      await ask(() => 'old');
      await expect(ask(failing('no'), { readPolicy: 'no-cache' })).rejects.toThrow('no');
      expect(await ask(failing('not called'))).toMatchObject({ value: 'old', status: 'hit' });
    });
  });

  describe('no-store', () => {
    it('returns a stored value', async () => {
      await ask(() => 'stored');
      expect(await ask(failing('not called'), { writePolicy: 'no-store' })).toMatchObject({ status: 'hit' });
    });

    it('computes without a trace in the store', async () => {
      const factory = counted(() => 'secret');
      const options: GetOrSetOptions = { writePolicy: 'no-store', tags: ['tag'] };
      expect(await ask(factory, options)).toMatchObject({ value: 'secret', status: 'miss', stored: false });
      expect(await ask(factory, options)).toMatchObject({ status: 'miss' });
      expect(await cache.getCachedResponse('key')).toBeNull();
      expect(factory.calls).toBe(2);
    });

    it('does not share its value', async () => {
      const first = heldFactory();
      const answer = ask(first.factory as never, { writePolicy: 'no-store' });
      const call = await first.call(0);
      expect(await ask(() => 'own')).toMatchObject({ value: 'own', status: 'miss' });
      call.resolve('private');
      expect((await answer).value).toBe('private');
      expect(await cache.getCachedResponse('key')).toBe('own');
    });

    it('with no-cache neither reads nor writes', async () => {
      await ask(() => 'stored');
      const options: GetOrSetOptions = { readPolicy: 'no-cache', writePolicy: 'no-store' };
      expect(await ask(() => 'own', options)).toMatchObject({ value: 'own', stored: false });
      expect(await cache.getCachedResponse('key')).toBe('stored');
    });
  });

  it('a computation collapses concurrent calls, and counts them', async () => {
    const { factory, call } = heldFactory();
    const answers = Array.from({ length: 10 }, () => ask(factory as never));
    (await call(0)).resolve('value');
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses).toEqual(['miss', ...Array<string>(9).fill('collapsed')]);
    expect(cache.getCounters()).toMatchObject({ misses: 1, collapsed: 9, hits: 0, writes: 1 });
  });

  it('one failure reaches all waiters as the same error object, and the next call tries again', async () => {
    const { factory, call } = heldFactory();
    const answers = Promise.allSettled(Array.from({ length: 10 }, () => ask(factory as never)));
    const error = new Error('no');
    (await call(0)).reject(error);
    for (const answer of await answers) expect((answer as PromiseRejectedResult).reason).toBe(error);
    expect(await ask(() => 'value')).toMatchObject({ value: 'value', status: 'miss' });
  });

  it('a factory may throw synchronously, and any value', async () => {
    for (const thrown of ['text', null, undefined, { code: 7 }]) {
      const factory = (): never => {
        throw thrown;
      };
      await expect(ask(factory)).rejects.toBe(thrown);
    }
  });
});
