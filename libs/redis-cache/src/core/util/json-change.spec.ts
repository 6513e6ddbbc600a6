import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { jsonChange } from './json-change.js';
import { toJson } from './json-value.js';

class Money {
  constructor(readonly amount: number) {}
}

class List extends Array<number> {}

// eslint-disable-next-line no-sparse-arrays
const sparse = [1, , 2];
const named = Object.assign([1, 2], { index: 0 });

describe('jsonChange', () => {
  it.each([
    ['a text', 'ü👋\ud800'],
    ['a number', 1.5],
    ['null', null],
    ['a list', [1, ['a', true, null]]],
    ['an object', { a: { b: [{}] }, constructor: 1, '': 2 }],
    ['a key __proto__', JSON.parse('{"__proto__":{"a":1}}')],
  ])('finds none in %s', (_what, value) => {
    expect(jsonChange(value)).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ['a Date', { at: [new Date(0)] }, 'an instance of Date'],
    ['a URL', new URL('http://a'), 'an instance of URL'],
    ['a Map', { map: new Map([[1, 2]]) }, 'an instance of Map'],
    ['a Set', new Set([1]), 'an instance of Set'],
    ['a class instance', [new Money(1)], 'an instance of Money'],
    ['a buffer', Buffer.from('a'), 'an instance of Buffer'],
    ['a boxed number', Object(1), 'an instance of Number'],
    ['a list of another class', List.of(1), 'an instance of List'],
    ['a toJSON of its own', { toJSON: () => 1 }, 'an object that is not plain'],
    ['NaN', { a: NaN }, 'NaN'],
    ['an infinity', [-Infinity], '-Infinity'],
    ['a function', { a: () => 1 }, 'a function'],
    ['a symbol', [Symbol('a')], 'a symbol'],
    ['holes', sparse, 'an array with holes or names'],
    ['a list with names', named, 'an array with holes or names'],
  ])('names %s', (_what, value, loss) => {
    expect(jsonChange({ before: undefined, value, after: 1 })).toEqual({ loss });
  });

  it.each<[string, unknown]>([
    ['a member that is undefined', { a: undefined, b: 1 }],
    ['undefined in a list', [undefined]],
    ['-0', { a: -0 }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
  ])('does not name %s', (_what, value) => {
    expect(jsonChange(value)).toEqual({ loss: undefined });
  });

  it('counts a value that throws as changed', () => {
    const value = {
      get trap(): never {
        throw new Error('a getter that throws');
      },
    };
    expect(jsonChange(value)).toEqual({ loss: undefined });
  });

  it('does not overflow the stack', () => {
    let value: unknown = new Date(0);
    for (let level = 0; level < 100_000; level += 1) value = { value };
    expect(jsonChange(value)).toEqual({ loss: 'an instance of Date' });
  });

  it('overlooks no change, in any value', () => {
    const anything = fc.anything({
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withObjectString: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        const text = toJson(value);
        if ('problem' in text || jsonChange(value) !== undefined) return;
        expect(isDeepStrictEqual(JSON.parse(text.json), value)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
