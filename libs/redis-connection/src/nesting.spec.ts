import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { isTooDeep, MAX_NESTING } from './nesting.js';

const nested = (levels: number, inside = ''): string => '['.repeat(levels) + inside + ']'.repeat(levels);

/** By recursion over the parsed value, unlike the code under test. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('isTooDeep', () => {
  it.each([
    ['at the limit', nested(MAX_NESTING), false],
    ['above the limit', nested(MAX_NESTING + 1), true],
    ['objects above the limit', '{"a":'.repeat(MAX_NESTING + 1) + '1' + '}'.repeat(MAX_NESTING + 1), true],
    ['above the limit without an end', '['.repeat(5 * MAX_NESTING), true],
    ['many brackets beside each other', `[${'[],'.repeat(5 * MAX_NESTING)}1]`, false],
    ['brackets in text', JSON.stringify('['.repeat(10 * MAX_NESTING)), false],
    ['brackets after an escaped quote', JSON.stringify(`"${'['.repeat(10 * MAX_NESTING)}`), false],
    ['brackets after text that ends in a backslash', `["\\\\",${nested(MAX_NESTING, '1')}]`, true],
    ['text without an end', `"${'['.repeat(10 * MAX_NESTING)}`, false],
    ['characters beyond ASCII', `["é😀",${nested(MAX_NESTING, '"é"')}]`, true],
  ])('judges JSON with %s', (_name, json, expected) => {
    expect(isTooDeep(json)).toBe(expected);
    expect(isTooDeep(Buffer.from(json))).toBe(expected);
  });

  it('agrees with the parsed value for every JSON', () => {
    fc.assert(
      fc.property(fc.json({ depthSize: 'large' }), fc.nat({ max: 6 }), (json, max) => {
        const expected = depthOf(JSON.parse(json)) > max;
        expect(isTooDeep(json, max)).toBe(expected);
        expect(isTooDeep(Buffer.from(json), max)).toBe(expected);
      }),
    );
  });

  it('needs no stack for the deepest text', () => {
    expect(isTooDeep('['.repeat(5_000_000))).toBe(true);
    expect(isTooDeep(`[${'"\\"",'.repeat(1_000_000)}${nested(MAX_NESTING)}]`)).toBe(true);
  });
});
