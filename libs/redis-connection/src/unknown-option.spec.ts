import { describe, expect, it } from '@jest/globals';
import { nearestOption, unknownOption } from './unknown-option.js';

const KNOWN = ['host', 'port', 'ttlSeconds', 'staleSeconds', 'hardTimeoutMs', 'near', 'tags'];

describe('nearestOption', () => {
  it.each([
    ['hots', 'host'],
    ['prot', 'port'],
    ['ttl', 'ttlSeconds'],
    ['TTLSECONDS', 'ttlSeconds'],
    ['hardTimeout', 'hardTimeoutMs'],
    ['tag', 'tags'],
    ['staleSecond', 'staleSeconds'],
  ])('takes %s for %s', (given, meant) => {
    expect(nearestOption(given, KNOWN)).toBe(meant);
  });

  it.each(['max', 'isCacheableValue', 'x', '', 'p', '__proto__'])('suggests nothing for %j', (given) => {
    expect(nearestOption(given, KNOWN)).toBeUndefined();
  });
});

it('ends a sentence that begins with the name', () => {
  expect(unknownOption(undefined)).toBe('is not an option');
  expect(unknownOption('near')).toBe('is not an option; did you mean near?');
});
