import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from '../redis-cache.service.js';
import { createTestingCache } from '../../testing/create-testing-cache.js';
import { FakeClock } from '../../testing/fake-clock.js';

const failed = (): Promise<never> => Promise.reject(new Error('no'));

describe('PlainHits', () => {
  let clock: FakeClock;
  let cache: RedisCacheService;

  beforeEach(() => {
    clock = new FakeClock();
    cache = createTestingCache({ clock, ttlSeconds: 100, getOrSet: { refreshAhead: 0.8, staleSeconds: 50 } });
  });

  afterEach(() => cache.close());

  it('hands out what is stored as bytes, with its ages, and counts hits alone', async () => {
    await cache.getOrSet('key', () => ({ text: 'ü' }));
    clock.advance(10_000);
    const { hits, misses } = cache.getCounters();
    expect(await cache.hits.bytes('key')).toMatchObject({
      json: Buffer.from('{"text":"ü"}'),
      enveloped: true,
      ageSeconds: 10,
      ttlSeconds: 90,
    });
    expect(await cache.hits.bytes('other')).toBeNull();
    expect(cache.getCounters()).toMatchObject({ hits: hits + 1, misses });
  });

  it('leaves what is due for a refresh, stale, invalidated or a failure to getOrSet', async () => {
    await cache.getOrSet('key', () => 'old', { tags: ['tag'] });
    clock.advance(79_000);
    expect(await cache.hits.bytes('key')).not.toBeNull();
    clock.advance(1_000);
    expect(await cache.hits.bytes('key')).toBeNull();
    clock.advance(30_000);
    expect(await cache.hits.bytes('key')).toBeNull();
    await cache.getOrSet('key2', () => 'new', { tags: ['tag'] });
    expect(await cache.hits.bytes('key2')).not.toBeNull();
    await cache.invalidateTags('tag');
    expect(await cache.hits.bytes('key2')).toBeNull();
    await cache.getOrSet('key3', failed, { negativeTtlSeconds: 5 }).catch(() => {});
    expect(await cache.hits.bytes('key3')).toBeNull();
  });

  it('knows no near copies where none are kept, and refuses wrong keys', async () => {
    await cache.getOrSet('key', () => 1);
    expect(cache.hits.near('key')).toBeUndefined();
    await expect(cache.hits.bytes('')).rejects.toMatchObject({ name: 'InvalidKeyError' });
    expect(() => cache.hits.near('')).toThrow('key');
  });
});
