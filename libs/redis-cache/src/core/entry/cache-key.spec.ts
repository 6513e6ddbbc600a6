import { describe, expect, it } from '@jest/globals';
import { InvalidKeyError, RedisCacheError } from '../errors/errors.js';
import { assertKey, MAX_KEY_LENGTH } from './cache-key.js';

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
    'lets %j pass',
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
