import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from '../redis-cache.service.js';
import { createTestingCache } from '../../testing/create-testing-cache.js';
import { FakeClock } from '../../testing/fake-clock.js';

const failed = (): Promise<never> => Promise.reject(new Error('no'));

const HITS_AS_BYTES = { as: 'bytes', hitsOnly: true } as const;

describe('lookup', () => {
  let clock: FakeClock;
  let cache: RedisCacheService;

  beforeEach(() => {
    clock = new FakeClock();
    cache = createTestingCache({ clock, ttlSeconds: 100, getOrSet: { refreshAhead: 0.8, staleSeconds: 50 } });
  });

  afterEach(() => cache.close());

  it('returns the stored bytes with their ages', async () => {
    await cache.getOrSet('key', () => ({ text: 'ü' }));
    clock.advance(10_000);
    expect(await cache.lookup('key', { as: 'bytes' })).toMatchObject({
      status: 'hit',
      source: 'redis',
      json: Buffer.from('{"text":"ü"}'),
      enveloped: true,
      ageSeconds: 10,
      ttlSeconds: 90,
    });
  });

  it('labels a hit with its source', async () => {
    await cache.cacheResponse('key', 1);
    expect(await cache.lookup('key')).toMatchObject({ status: 'hit', value: 1, source: 'redis' });
  });

  it.each(['value', 'bytes'] as const)('counts hits and misses of a %s', async (as) => {
    await cache.cacheResponse('key', 1);
    const options = { as } as { as: 'value' };
    await cache.lookup('key', options);
    await cache.lookup('other', options);
    expect(cache.getCounters()).toMatchObject({ hits: 1, misses: 1 });
  });

  it.each(['value', 'bytes'] as const)('with `hitsOnly` counts no misses of a %s', async (as) => {
    await cache.cacheResponse('key', 1);
    const options = { as, hitsOnly: true } as { as: 'value' };
    await cache.lookup('key', options);
    await cache.lookup('other', options);
    expect(cache.getCounters()).toMatchObject({ hits: 1, misses: 0 });
  });

  it('with `hitsOnly` skips entries that are due, stale, invalidated or failures', async () => {
    const status = async (key: string): Promise<string> => (await cache.lookup(key, HITS_AS_BYTES)).status;
    await cache.getOrSet('key', () => 'old', { tags: ['tag'] });
    clock.advance(79_000);
    expect(await status('key')).toBe('hit');
    clock.advance(1_000);
    expect(await status('key')).toBe('miss');
    expect((await cache.lookup('key', { as: 'bytes' })).status).toBe('hit');
    clock.advance(30_000);
    expect(await status('key')).toBe('miss');
    await cache.getOrSet('key2', () => 'new', { tags: ['tag'] });
    expect(await status('key2')).toBe('hit');
    await cache.invalidateTags('tag');
    expect(await status('key2')).toBe('miss');
    await cache.getOrSet('key3', failed, { negativeTtlSeconds: 5 }).catch(() => {});
    expect(await status('key3')).toBe('miss');
  });

  it('of a near copy returns undefined without a near cache, and refuses wrong keys', async () => {
    await cache.getOrSet('key', () => 1);
    expect(cache.lookupNear('key')).toBeUndefined();
    expect(() => cache.lookupNear('')).toThrow('key');
    await expect(cache.lookup('')).rejects.toMatchObject({ name: 'InvalidKeyError', field: 'key' });
  });
});
