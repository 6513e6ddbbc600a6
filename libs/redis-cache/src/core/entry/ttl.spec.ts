import { describe, expect, it } from '@jest/globals';
import { InvalidTtlError } from '../errors/errors.js';
import { MAX_TTL_SECONDS, ttlToMs } from './ttl.js';

describe('ttlToMs', () => {
  it.each([
    [1, 1_000],
    [3_600, 3_600_000],
    [0.25, 250],
    [1.2345, 1_235],
    [0.000_01, 1],
    [Number.MIN_VALUE, 1],
    [MAX_TTL_SECONDS, MAX_TTL_SECONDS * 1_000],
  ])('makes %d s into %d ms', (seconds, ms) => {
    expect(ttlToMs(seconds)).toBe(ms);
  });

  it.each([
    0,
    -0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    MAX_TTL_SECONDS + 1,
    '60',
    null,
    undefined,
    true,
    60n,
    [60],
    new Date(60),
  ])('refuses %p', (seconds) => {
    const call = (): number => ttlToMs(seconds as number);
    expect(call).toThrow(InvalidTtlError);
    expect(call).toThrow(/^ttlSeconds must be a number above 0/);
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_CACHE_INVALID_TTL', field: 'ttlSeconds' }));
  });
});
