import { describe, expect, it } from '@jest/globals';
import type { GetOrSetOptions } from '../options/get-or-set-options.js';
import { createRedisCache } from '../create-redis-cache.js';
import { resolveOptions } from '../options/redis-cache-options.schema.js';
import { RedisCacheError } from '../errors/errors.js';
import { checkedTags, MAX_TAG_LENGTH, MAX_TAGS, settingsOf } from './settings.js';

const DEFAULTS = { ...resolveOptions().getOrSet, ttlSeconds: 60 };

describe('settingsOf', () => {
  it('adds the defaults', () => {
    expect(settingsOf({}, DEFAULTS)).toEqual({
      ttlMs: 60_000,
      staleMs: 0,
      softTimeoutMs: undefined,
      hardTimeoutMs: undefined,
      refreshAhead: undefined,
      negativeTtlSeconds: 0,
      failureBackoffMs: 5_000,
      shouldCache: expect.any(Function),
      maxTtlSeconds: expect.any(Function),
      crossProcess: true,
      leaseMs: 5_000,
      tags: [],
      reads: true,
      writes: true,
    });
  });

  it('prefers the options of the call to the defaults, and ignores undefined', () => {
    const defaults = { ...DEFAULTS, staleSeconds: 10, leaseMs: 100, crossProcess: false };
    const options = { ttlSeconds: undefined, staleSeconds: 20, leaseMs: undefined, crossProcess: undefined };
    expect(settingsOf(options, defaults)).toMatchObject({
      ttlMs: 60_000,
      staleMs: 20_000,
      leaseMs: 100,
      crossProcess: false,
    });
  });

  it.each<[keyof GetOrSetOptions, unknown[]]>([
    ['ttlSeconds', [0, -1, Number.NaN, Infinity, '60', 4_000_000_000]],
    ['jitterRatio', [-0.1, 1.1, Number.NaN, '0.5']],
    ['staleSeconds', [-1, Number.NaN, Infinity, '1']],
    ['softTimeoutMs', [-1, Number.NaN, Infinity, '1']],
    ['hardTimeoutMs', [0, -1, Number.NaN, Infinity, '1']],
    ['refreshAhead', [-0.1, 1.1, Number.NaN, '0.5']],
    ['negativeTtlSeconds', [-1, Number.NaN, Infinity, '1', {}]],
    ['failureBackoffMs', [0, -1, Number.NaN, Infinity, '1']],
    ['leaseMs', [0, 49, Number.NaN, Infinity, '5000']],
    ['shouldCache', [true, 'yes', {}]],
    ['crossProcess', [1, 'true', {}]],
    ['readPolicy', ['no-store', 'nocache', '', true]],
    ['writePolicy', ['no-cache', 'nostore', '', true]],
    ['tags', ['tag', {}, Array(MAX_TAGS + 1).fill('a')]],
  ])('refuses a wrong %s, naming it', (field, values) => {
    for (const value of values) {
      const refuse = () => settingsOf({ [field]: value }, DEFAULTS);
      expect(refuse).toThrow(RedisCacheError);
      expect(refuse).toThrow(expect.objectContaining({ field }) as unknown as Error);
      expect(refuse).not.toThrow(/undefined/);
    }
  });

  it('names the tag that it refuses', () => {
    for (const wrong of ['', 7, 'x'.repeat(MAX_TAG_LENGTH + 1), '\ud800']) {
      const refuse = () => settingsOf({ tags: ['good', wrong as string] }, DEFAULTS);
      expect(refuse).toThrow(
        expect.objectContaining({ name: 'InvalidTagError', field: 'tags[1]' }) as unknown as Error,
      );
    }
  });

  it('shortens a TTL by the ratio at most, and never prolongs it', () => {
    const ttls = Array.from({ length: 2_000 }, () => settingsOf({ jitterRatio: 0.25 }, DEFAULTS).ttlMs);
    expect(Math.min(...ttls)).toBeGreaterThanOrEqual(45_000);
    expect(Math.min(...ttls)).toBeLessThan(48_000);
    expect(Math.max(...ttls)).toBeLessThanOrEqual(60_000);
    expect(Math.max(...ttls)).toBeGreaterThan(57_000);
    expect(ttls.every((ttl) => Number.isInteger(ttl))).toBe(true);
  });

  it('never shortens a TTL to nothing', () => {
    const options = { ttlSeconds: 0.001, jitterRatio: 1 };
    expect(Array.from({ length: 100 }, () => settingsOf(options, DEFAULTS).ttlMs)).toEqual(
      Array(100).fill(1),
    );
  });

  it('leaves a TTL as it is without a ratio', () => {
    expect(settingsOf({ ttlSeconds: 1.5 }, DEFAULTS).ttlMs).toBe(1_500);
  });

  it('removes duplicate tags', () => {
    expect(checkedTags(['a', 'b', 'a'])).toEqual(['a', 'b']);
    expect(checkedTags(['x'.repeat(MAX_TAG_LENGTH), '👋'])).toHaveLength(2);
  });
});

describe('wrong use of getOrSet', () => {
  it('rejects without a factory call', async () => {
    const cache = createRedisCache({ backend: 'memory' });
    let calls = 0;
    const factory = () => (calls += 1);
    const key = { code: 'ERR_CACHE_INVALID_KEY', field: 'key' };
    for (const wrong of ['', 'x'.repeat(1_025), '\ud800', 7, null, undefined]) {
      await expect(cache.getOrSet(wrong as string, factory)).rejects.toMatchObject(key);
      await expect(cache.getOrSetEntry(wrong as string, factory)).rejects.toMatchObject(key);
    }
    const option = { code: 'ERR_CACHE_INVALID_OPTION', field: 'leaseMs' };
    await expect(cache.getOrSet('key', factory, { leaseMs: 1 })).rejects.toMatchObject(option);
    const tag = { code: 'ERR_CACHE_INVALID_TAG', field: 'tags[0]' };
    await expect(cache.getOrSet('key', factory, { tags: [''] })).rejects.toMatchObject(tag);
    await expect(cache.invalidateTags('')).rejects.toMatchObject(tag);
    const tooMany = { ...tag, field: 'tags' };
    await expect(cache.invalidateTags(...Array<string>(MAX_TAGS + 1).fill('a'))).rejects.toMatchObject(
      tooMany,
    );
    expect(calls).toBe(0);
    await cache.close();
  });
});
