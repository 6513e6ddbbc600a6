import { describe, expect, it } from '@jest/globals';
import { array, assert, jsonValue, property, string } from 'fast-check';
import { isLargeJson, jsonPieces } from './large-json.js';

const MIB = 1_024 * 1_024;

describe('jsonPieces', () => {
  it('are the JSON of a value', () => {
    const long = string({ minLength: 400, maxLength: 700, unit: 'binary' });
    assert(
      property(jsonValue({ maxDepth: 3 }), array(long, { maxLength: 5 }), (value, texts) => {
        const given = { value, texts, nothing: undefined };
        expect([...jsonPieces(given)].join('')).toBe(JSON.stringify(given));
      }),
    );
  });

  it('are about a megabyte long, of one text or of many', () => {
    const value = {
      image: 'x'.repeat(5 * MIB),
      texts: Array.from({ length: 5_000 }, () => 'y'.repeat(1_024)),
    };
    const pieces = [...jsonPieces(value)];
    expect(pieces.join('')).toBe(JSON.stringify(value));
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(2.1 * MIB);
    expect(pieces.length).toBeGreaterThanOrEqual(8);
  });

  it('mean the same if a character is cut', () => {
    const value = [`x${'🦊'.repeat(MIB)}`];
    expect(JSON.parse([...jsonPieces(value)].join(''))).toEqual(value);
  });
});

describe('isLargeJson', () => {
  it.each([
    [{ text: 'x'.repeat(100_000) }, false],
    [{ deep: [{ text: 'x'.repeat(300_000) }] }, true],
    [Array.from({ length: 4_000 }, () => 0), false],
    [Array.from({ length: 4_100 }, () => 0), true],
    [null, false],
  ])('decides by texts and number of values %#', (value, isLarge) => {
    expect(isLargeJson(value)).toBe(isLarge);
  });
});
