import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { heldFactory } from '@test/get-or-set/factories.js';
import { createRedisCache } from '../create-redis-cache.js';
import { FactoryTimeoutError } from '../errors/errors.js';
import type { RedisCacheService } from '../redis-cache.service.js';
import { AbandonedError } from './flight.js';

const pass = (seconds: number): Promise<void> => jest.advanceTimersByTimeAsync(seconds * 1000);

describe('cancellation', () => {
  let cache: RedisCacheService;

  beforeEach(() => {
    jest.useFakeTimers();
    cache = createRedisCache({ backend: 'memory' });
  });

  afterEach(async () => {
    await cache.close();
    jest.useRealTimers();
  });

  /** Ten callers that wait for one factory, each with a way to leave. */
  async function tenWaiters(options: object = {}) {
    const held = heldFactory();
    const leave = Array.from({ length: 10 }, () => new AbortController());
    const waiters = leave.map(({ signal }) => cache.getOrSet('key', held.factory, { ...options, signal }));
    await pass(0);
    expect(held.calls).toHaveLength(1);
    const leaveAll = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) {
        leave[index]!.abort(new Error(`left ${index}`));
        await expect(waiters[index]).rejects.toThrow(`left ${index}`);
      }
    };
    return { call: held.calls[0]!, leave, waiters, leaveAll };
  }

  it('of nine of ten lets the factory go on for the tenth', async () => {
    const { call, waiters, leaveAll } = await tenWaiters();
    await leaveAll(9);
    expect(call.signal.aborted).toBe(false);
    call.resolve('value');
    expect(await waiters[9]).toBe('value');
    expect(await cache.getCachedResponse('key')).toBe('value');
  });

  it.each([undefined, 60_000])('of the tenth aborts the factory (hard limit %p)', async (hardTimeoutMs) => {
    const { call, leaveAll } = await tenWaiters({ hardTimeoutMs });
    await leaveAll(10);
    expect(call.signal.aborted).toBe(true);
    expect(call.signal.reason).toBeInstanceOf(AbandonedError);
  });

  it.each([
    ['the reason of the signal', (signal: AbortSignal) => signal.reason as unknown],
    ['an error of its own', () => new Error('Request was aborted.')],
  ])(
    'of all, when the factory ends with %s, leaves the next caller free to compute',
    async (_what, error) => {
      const { call, leaveAll } = await tenWaiters({ negativeTtlSeconds: 60 });
      await leaveAll(10);
      call.reject(error(call.signal));
      await pass(0);
      const next = cache.getOrSet('key', () => 'next');
      await pass(0);
      expect(await next).toBe('next');
    },
  );

  it('of all keeps the value if the factory still returns one', async () => {
    const { call, leaveAll } = await tenWaiters();
    await leaveAll(10);
    const next = cache.getOrSet('key', () => 'not called');
    await pass(0.01);
    call.resolve('paid');
    await pass(1);
    expect(await next).toBe('paid');
  });

  it('before the factory call prevents it', async () => {
    const { factory, calls } = heldFactory();
    const leave = new AbortController();
    const waiter = cache.getOrSet('key', factory, { signal: leave.signal });
    leave.abort(new Error('changed my mind'));
    await expect(waiter).rejects.toThrow('changed my mind');
    await pass(1);
    expect(calls).toHaveLength(0);
    expect(await cache.getOrSet('key', () => 'next')).toBe('next');
  });

  it('before the call rejects without a factory call', async () => {
    const { factory, calls } = heldFactory();
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(cache.getOrSet('key', factory, { signal })).rejects.toThrow('too late');
    await pass(1);
    expect(calls).toHaveLength(0);
  });

  it('does not affect callers without a signal', async () => {
    const { call, leaveAll } = await tenWaiters();
    const patient = cache.getOrSet('key', () => 'not called');
    await leaveAll(10);
    expect(call.signal.aborted).toBe(false);
    call.resolve('value');
    expect(await patient).toBe('value');
  });

  it('does not stop a refresh whose callers have a stale value already', async () => {
    const options = { ttlSeconds: 1, staleSeconds: 60, softTimeoutMs: 0 };
    await cache.getOrSet('key', () => 'old', options);
    await pass(2);
    const { factory, calls } = heldFactory();
    const leave = new AbortController();
    const answer = cache.getOrSet('key', factory, { ...options, signal: leave.signal });
    await pass(0.01);
    expect(await answer).toBe('old');
    leave.abort();
    await pass(0);
    expect(calls[0]!.signal.aborted).toBe(false);
    calls[0]!.resolve('new');
    await pass(0);
    expect(await cache.getCachedResponse('key')).toBe('new');
  });

  describe('hardTimeoutMs', () => {
    it('aborts the factory, whether it listens or not, and fails for all waiters', async () => {
      const { factory, calls } = heldFactory();
      const waiters = [1, 2].map(() => cache.getOrSet('key', factory, { hardTimeoutMs: 500 }));
      const outcomes = Promise.allSettled(waiters);
      await pass(0.499);
      expect(calls[0]!.signal.aborted).toBe(false);
      await pass(0.001);
      expect(calls[0]!.signal.reason).toBeInstanceOf(FactoryTimeoutError);
      for (const outcome of await outcomes) {
        expect(outcome).toMatchObject({ reason: { code: 'ERR_CACHE_FACTORY_TIMEOUT' } });
      }
    });

    it('frees the key for the next caller, and ignores a later result of the factory', async () => {
      const { factory, calls } = heldFactory();
      const first = cache.getOrSet('key', factory, { hardTimeoutMs: 500 });
      const failed = expect(first).rejects.toBeInstanceOf(FactoryTimeoutError);
      await pass(0.5);
      await failed;
      expect(await cache.getOrSet('key', () => 'next')).toBe('next');
      calls[0]!.resolve('late');
      await pass(1);
      expect(await cache.getCachedResponse('key')).toBe('next');
    });

    it('leaves no timer behind once the factory has settled', async () => {
      const before = jest.getTimerCount();
      await cache.getOrSet('key', () => 'quick', { hardTimeoutMs: 60_000, softTimeoutMs: 60_000 });
      await cache.getOrSet('other', failingNow, { hardTimeoutMs: 60_000 }).catch(() => {});
      expect(jest.getTimerCount()).toBeLessThanOrEqual(before + 1);
    });
  });
});

function failingNow(): never {
  throw new Error('at once');
}
