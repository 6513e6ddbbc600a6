import { describe, expect, it, jest } from '@jest/globals';
import { MemoryBackend } from '../core/backend/memory/memory-backend.js';
import { ChaosBackend } from './chaos/chaos-backend.js';
import { createTestingCache } from './create-testing-cache.js';
import { FakeClock } from './fake-clock.js';

const failing = () => Promise.reject(new Error('down'));

describe('createTestingCache', () => {
  it('keeps an entry for its TTL by the clock, to the millisecond', async () => {
    const clock = new FakeClock();
    const cache = createTestingCache({ clock });
    expect(await cache.cacheResponse('key', { text: 'value' }, 60)).toBe(true);
    clock.advance(59_999);
    expect(await cache.lookup('key')).toMatchObject({ status: 'hit', ageSeconds: 59.999, ttlSeconds: 0.001 });
    clock.advance(1);
    expect(await cache.getCachedResponse('key')).toBeNull();
  });

  it('expires stale values and leases of getOrSet by the clock', async () => {
    const clock = new FakeClock();
    const cache = createTestingCache({ clock, ttlSeconds: 10, getOrSet: { staleSeconds: 20 } });
    await cache.getOrSet('key', () => 'first');
    clock.advance(11_000);
    expect(await cache.getOrSetEntry('key', failing)).toMatchObject({ status: 'stale', value: 'first' });
    clock.advance(19_000);
    await expect(cache.getOrSet('key', failing)).rejects.toThrow('down');
    clock.advance(2_000);
    expect(await cache.getOrSet('key', () => 'second')).toBe('second');
  });

  it('measures the back-off after a failed refresh by the clock', async () => {
    const clock = new FakeClock();
    const cache = createTestingCache({ clock, getOrSet: { staleSeconds: 600, failureBackoffMs: 5_000 } });
    await cache.getOrSet('key', () => 'first', { ttlSeconds: 1 });
    clock.advance(1_000);
    await cache.getOrSet('key', failing);
    clock.advance(4_999);
    expect(await cache.getOrSet('key', () => 'too soon')).toBe('first');
    clock.advance(1);
    expect(await cache.getOrSet('key', () => 'second')).toBe('second');
  });

  it('accepts the options of the module, and names a wrong one', async () => {
    const cache = createTestingCache({ ttlSeconds: 70, queue: { maxLength: 1 } });
    await cache.cacheResponse('key', 'value');
    expect(await cache.lookup('key')).toMatchObject({ ttlSeconds: 70 });
    expect([await cache.queueRequest(1), await cache.queueRequest(2)]).toEqual([true, false]);
    expect(() => createTestingCache({ ttlSeconds: 0 })).toThrow(/^ttlSeconds must/);
  });

  it('uses the given backend, and closes it', async () => {
    const memory = new MemoryBackend({ maxBytes: 100_000 });
    const close = jest.spyOn(memory, 'close');
    const cache = createTestingCache({ backend: new ChaosBackend(memory) });
    await cache.queueRequest('waits');
    expect(await memory.queue.length('requests')).toBe(1);
    await cache.close();
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('shares nothing with another cache', async () => {
    const [one, two] = [createTestingCache(), createTestingCache()];
    await one.cacheResponse('key', 'value');
    expect(await two.getCachedResponse('key')).toBeNull();
  });
});
