import { describe, expect, it } from '@jest/globals';
import { InvalidKeyError, InvalidTtlError, RedisCacheError } from '../errors/errors.js';
import { assertKey, MAX_KEY_LENGTH, MAX_TTL_SECONDS, ttlToMs } from './arguments.js';

const errorFor = (key: unknown): InvalidKeyError => {
  try {
    assertKey(key as string, 'promptHash');
  } catch (error) {
    return error as InvalidKeyError;
  }
  throw new Error('the key was let through');
};

describe('assertKey', () => {
  it.each(['a', ' ', '}', '{a}', 'a:b*[c]?\\', '\0', 'Grüße 👋', '__proto__', 'x'.repeat(MAX_KEY_LENGTH)])(
    'accepts %j',
    (key) => {
      expect(() => assertKey(key, 'promptHash')).not.toThrow();
    },
  );

  it.each([
    ['', 'promptHash must not be empty'],
    ['x'.repeat(MAX_KEY_LENGTH + 1), 'promptHash must not be longer than 1024 characters'],
    ['\ud800', 'promptHash must be well-formed Unicode'],
    ['a\udc00b', 'promptHash must be well-formed Unicode'],
    [undefined, 'promptHash must be a string'],
    [null, 'promptHash must be a string'],
    [42, 'promptHash must be a string'],
    [['a'], 'promptHash must be a string'],
    [{ toString: () => 'a' }, 'promptHash must be a string'],
    [Object('boxed') as string, 'promptHash must be a string'],
  ])('refuses %p', (key, message) => {
    const error = errorFor(key);
    expect(error).toBeInstanceOf(InvalidKeyError);
    expect(error).toBeInstanceOf(RedisCacheError);
    expect(error.message).toBe(message);
    expect([error.name, error.code, error.field]).toEqual([
      'InvalidKeyError',
      'ERR_CACHE_INVALID_KEY',
      'promptHash',
    ]);
  });

  it('never repeats the key, which may be a prompt', () => {
    expect(errorFor('secret prompt'.repeat(100)).message).not.toContain('secret');
  });
});

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
