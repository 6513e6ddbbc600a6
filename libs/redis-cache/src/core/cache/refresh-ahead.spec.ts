import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { counted, failing, heldFactory } from '@test/get-or-set/factories.js';
import { createRedisCache } from '../create-redis-cache.js';
import type { RedisCacheService } from '../redis-cache.service.js';

const OPTIONS = { ttlSeconds: 100, refreshAhead: 0.8, failureBackoffMs: 5_000 };

const pass = (seconds: number): Promise<void> => jest.advanceTimersByTimeAsync(seconds * 1000);

describe('refreshAhead', () => {
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

  it('does nothing before its part of the TTL is over', async () => {
    await pass(79.999);
    const factory = counted(() => 'new');
    expect(await ask(factory)).toMatchObject({ value: 'old', status: 'hit' });
    await pass(0);
    expect(factory.calls).toBe(0);
  });

  it('returns the old value as a hit and refreshes it once in the background', async () => {
    await pass(80);
    const { factory, calls } = heldFactory();
    const hits = await Promise.all(Array.from({ length: 10 }, () => ask(factory as never)));
    await pass(1);
    hits.push(await ask(factory as never));
    expect(hits).toMatchObject(Array.from({ length: 11 }, () => ({ value: 'old', status: 'hit' })));
    expect(calls).toHaveLength(1);
    calls[0]!.resolve('new');
    await pass(0);
    expect(await ask(factory as never)).toMatchObject({ value: 'new', status: 'hit', ageSeconds: 0 });
    expect(calls).toHaveLength(1);
  });

  it('is not started by a call that would not store it', async () => {
    await pass(80);
    const factory = counted(() => 'new');
    expect(await ask(factory, { writePolicy: 'no-store' })).toMatchObject({ value: 'old', status: 'hit' });
    await pass(1);
    expect(factory.calls).toBe(0);
  });

  it('is joined by callers after the end of the TTL', async () => {
    await pass(80);
    const { factory, calls } = heldFactory();
    await ask(factory as never);
    await pass(21);
    const answer = ask(failing('not called'));
    await pass(1);
    calls[0]!.resolve('new');
    expect(await answer).toMatchObject({ value: 'new' });
  });

  it('does not affect callers when it fails, whether failures are stored or not', async () => {
    await pass(80);
    const factory = failing('no');
    expect(await ask(factory, { negativeTtlSeconds: 60 })).toMatchObject({ value: 'old', status: 'hit' });
    await pass(1);
    expect(await ask(factory, { negativeTtlSeconds: 60 })).toMatchObject({ value: 'old', status: 'hit' });
    expect(await cache.getCachedResponse('key')).toBe('old');
  });

  it('is not repeated for failureBackoffMs after it failed', async () => {
    await pass(80);
    const factory = failing('no');
    for (let hit = 0; hit < 50; hit += 1) {
      expect(await ask(factory)).toMatchObject({ value: 'old', status: 'hit' });
      await pass(0.09);
    }
    expect(factory.calls).toBe(1);
    await pass(5);
    await ask(factory);
    await pass(0);
    expect(factory.calls).toBe(2);
  });
});
