import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { cacheKey } from './cache-key.js';

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toReversed();
  return Object.fromEntries(entries.map(([name, item]) => [name, shuffled(item)]));
}

describe('cacheKey', () => {
  it('is 64 hexadecimal digits, the same today and tomorrow', () => {
    expect(cacheKey({ b: [1, 'x'], a: null })).toBe(
      'f5345e27f75007ec5e49abf9939a9fcb105c373a5a7f9c70ad790e3107ddbf00',
    );
  });

  it('does not depend on the order of properties, at any depth', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => cacheKey(value) === cacheKey(shuffled(value))));
  });

  it('differs for different values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, two) => {
        const same = JSON.stringify(shuffled(sorted(one))) === JSON.stringify(shuffled(sorted(two)));
        expect(cacheKey(one) === cacheKey(two)).toBe(same);
      }),
    );
  });

  it.each([
    [{ a: 1 }, { a: '1' }],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [{ a: null }, {}],
    [['a', 'b'], ['a,b']],
    [{ at: new Date(0) }, { at: new Date(0).toISOString() }],
    [{ at: new Date(0) }, { at: new Date(1) }],
    [{ 'a.b': 1 }, { a: { b: 1 } }],
  ])('distinguishes %j from %j', (one, two) => {
    expect(cacheKey(one)).not.toBe(cacheKey(two));
  });

  it('treats an undefined property as absent, and -0 as 0', () => {
    expect(cacheKey({ a: 1, b: undefined })).toBe(cacheKey({ a: 1 }));
    expect(cacheKey({ a: -0 })).toBe(cacheKey({ a: 0 }));
  });

  it('keeps tenants and schema versions apart', () => {
    const keys = [
      cacheKey('p'),
      cacheKey('p', { tenant: 'a' }),
      cacheKey('p', { tenant: 'b' }),
      cacheKey('p', { schemaVersion: 2 }),
      cacheKey('p', { tenant: 'a', schemaVersion: 2 }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(cacheKey('"p"]', { tenant: 'a' })).not.toBe(cacheKey('p', { tenant: 'a","p"]' }));
  });

  const circular: Record<string, unknown> = {};
  circular['self'] = circular;

  it.each<[string, unknown, string]>([
    ['NaN', { a: { b: NaN } }, 'a.b'],
    ['an infinity', [1, -Infinity], '1'],
    ['undefined alone', undefined, 'parts'],
    ['undefined in an array', { list: [undefined] }, 'list.0'],
    ['a hole in an array', { list: Array(1) }, 'list.0'],
    ['a function', { a: () => 1 }, 'a'],
    ['a symbol', { a: Symbol('s') }, 'a'],
    ['a bigint', { a: 1n }, 'a'],
    ['a Map', { a: new Map() }, 'a'],
    ['a Set', { a: new Set() }, 'a'],
    ['a class instance', { a: new (class Point {})() }, 'a'],
    ['an invalid date', { a: new Date('x') }, 'a'],
    ['a circle', circular, 'self.self.self.self.self.self.self.self.self.self'],
  ])('refuses %s and names the part', (_what, parts, field) => {
    let thrown: unknown;
    try {
      cacheKey(parts);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'ERR_CACHE_INVALID_KEY_PART', field });
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (Object.is(value, -0)) return 0;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [two]) => (one < two ? 1 : -1));
  return Object.fromEntries(entries.map(([name, item]) => [name, sorted(item)]));
}
