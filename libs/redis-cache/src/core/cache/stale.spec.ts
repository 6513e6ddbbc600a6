import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { counted, failing, heldFactory } from '@test/get-or-set/factories.js';
import { createRedisCache } from '../create-redis-cache.js';
import type { RedisCacheService } from '../redis-cache.service.js';

const OPTIONS = { ttlSeconds: 60, staleSeconds: 600, failureBackoffMs: 5_000 };

const pass = (seconds: number): Promise<void> => jest.advanceTimersByTimeAsync(seconds * 1000);

describe('a value past its TTL', () => {
  let cache: RedisCacheService;

  beforeEach(async () => {
    jest.useFakeTimers({ now: 1_700_000_000_000 });
    cache = createRedisCache({ backend: 'memory' });
    await cache.getOrSet('key', () => 'old', OPTIONS);
  });

  afterEach(async () => {
    await cache.close();
    jest.useRealTimers();
  });

  const ask = (factory: () => unknown, more: object = {}) =>
    cache.getOrSetEntry('key', factory, { ...OPTIONS, ...more });

  it('is a hit until the end of its TTL, and recomputed from then on', async () => {
    await pass(59.999);
    expect(await ask(() => 'new')).toMatchObject({ value: 'old', status: 'hit' });
    await pass(0.001);
    expect(await ask(() => 'new')).toMatchObject({ value: 'new', status: 'miss', ageSeconds: 0 });
    expect(await ask(() => 'newer')).toMatchObject({ value: 'new', status: 'hit' });
  });

  it('is served, marked stale, when the factory fails', async () => {
    await pass(100);
    const { durationMs: _real, ...result } = await ask(failing('no'));
    expect(result).toEqual({
      value: 'old',
      status: 'stale',
      source: 'redis',
      ageSeconds: 100,
      ttlSeconds: 0,
      key: 'key',
      stored: true,
    });
    expect(cache.getCounters()).toMatchObject({ stale: 1, misses: 1 });
  });

  it('is served to all waiters of a failed factory', async () => {
    await pass(100);
    const factory = failing('no');
    const results = await Promise.all(Array.from({ length: 10 }, () => ask(factory)));
    expect(results).toMatchObject(Array.from({ length: 10 }, () => ({ value: 'old', status: 'stale' })));
    expect(factory.calls).toBe(1);
  });

  it('is served up to the end of staleSeconds; then the failure reaches the caller', async () => {
    await pass(659.999);
    expect(await ask(failing('no'))).toMatchObject({ status: 'stale' });
    await pass(0.001);
    await expect(ask(failing('gone'))).rejects.toThrow('gone');
  });

  it('is not served when its staleSeconds are over by the time the factory fails', async () => {
    await pass(650);
    const { factory, calls } = heldFactory();
    const answer = ask(factory as never);
    await pass(20);
    calls[0]!.reject(new Error('too late'));
    await expect(answer).rejects.toThrow('too late');
  });

  it('is not served to a call that allows no staleness', async () => {
    await pass(100);
    await expect(ask(failing('no'), { staleSeconds: 0 })).rejects.toThrow('no');
  });

  it('is given to the factory', async () => {
    await pass(100);
    const { factory, calls } = heldFactory();
    const answer = ask(factory as never);
    await pass(0);
    expect(calls[0]!.stale).toBe('old');
    calls[0]!.resolve('new');
    expect(await answer).toMatchObject({ value: 'new', status: 'miss' });
  });

  it('is not given to the factory when it may not be served', async () => {
    await pass(100);
    const seen: unknown[] = [];
    await cache.getOrSet('key', ({ stale }) => seen.push(stale), { ...OPTIONS, staleSeconds: 0 });
    expect(seen).toEqual([undefined]);
  });

  it('is a miss for getCachedResponse and lookup', async () => {
    await pass(100);
    expect(await cache.getCachedResponse('key')).toBeNull();
    expect(await cache.lookup('key')).toEqual({ status: 'miss' });
  });

  describe('after a failed refresh', () => {
    it('is served without another factory call for failureBackoffMs, counted from the failure', async () => {
      await pass(100);
      const { factory, calls } = heldFactory();
      const first = ask(factory as never);
      await pass(30);
      calls[0]!.reject(new Error('no'));
      expect(await first).toMatchObject({ status: 'stale' });
      const again = counted(() => 'new');
      await pass(4.999);
      expect(await ask(again)).toMatchObject({ value: 'old', status: 'stale' });
      expect(again.calls).toBe(0);
      await pass(0.001);
      expect(await ask(again)).toMatchObject({ value: 'new', status: 'miss' });
    });

    it('does not delay callers without a stale value', async () => {
      await pass(100);
      await ask(failing('no'));
      expect(await ask(() => 'new', { staleSeconds: 0 })).toMatchObject({ value: 'new' });
    });
  });

  describe('with softTimeoutMs', () => {
    it.each([0, 200])(
      '%i is served after it, while the factory goes on and its result is stored',
      async (ms) => {
        await pass(100);
        const { factory, calls } = heldFactory();
        let answered = false;
        const answer = ask(factory as never, { softTimeoutMs: ms }).finally(() => (answered = true));
        if (ms > 0) {
          await pass((ms - 1) / 1000);
          expect(answered).toBe(false);
        }
        await pass(0.001);
        expect(await answer).toMatchObject({ value: 'old', status: 'stale' });
        expect(calls[0]!.signal.aborted).toBe(false);
        await pass(30);
        const later = ask(() => 'other', { softTimeoutMs: ms });
        await pass(ms / 1000 + 0.001);
        expect(await later).toMatchObject({ value: 'old', status: 'stale' });
        calls[0]!.resolve('new');
        await pass(0);
        expect(await ask(() => 'other')).toMatchObject({ value: 'new', status: 'hit' });
        expect(calls).toHaveLength(1);
      },
    );

    it('is not served when the factory is fast enough', async () => {
      await pass(100);
      expect(await ask(() => 'new', { softTimeoutMs: 200 })).toMatchObject({ value: 'new', status: 'miss' });
    });

    it('does not affect callers without a stale value', async () => {
      await pass(700);
      const { factory, calls } = heldFactory();
      const answer = ask(factory as never, { softTimeoutMs: 0 });
      await pass(10);
      calls[0]!.resolve('new');
      expect(await answer).toMatchObject({ value: 'new', status: 'miss' });
    });

    it('leaves nothing behind when the factory fails after it', async () => {
      await pass(100);
      const { factory, calls } = heldFactory();
      const answer = ask(factory as never, { softTimeoutMs: 10 });
      await pass(0.01);
      await answer;
      calls[0]!.reject(new Error('nobody waits for this'));
      await pass(0);
      expect(await ask(failing('not called'))).toMatchObject({ status: 'stale' });
    });
  });
});
