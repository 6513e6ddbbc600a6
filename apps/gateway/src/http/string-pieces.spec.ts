import { describe, expect, it } from '@jest/globals';
import { array, assert, constantFrom, integer, property } from 'fast-check';
import { stringPieces } from './string-pieces.js';

const parts = constantFrom(
  'a',
  'é',
  '漢',
  '🦊',
  '\\n',
  '\\\\',
  '\\"',
  '\\u00e9',
  '\\ud83e\\udd8a',
  '\\u005c',
);

describe('stringPieces', () => {
  it('cuts no escape and no character', () => {
    assert(
      property(array(parts, { maxLength: 200 }), integer({ min: 6, max: 40 }), (chosen, maxBytes) => {
        const json = `"${chosen.join('')}"`;
        const bytes = Buffer.from(`[${json}]`);
        const pieces = [...stringPieces(bytes, { start: 1, end: bytes.length - 1 }, maxBytes)];
        const texts = pieces.map(
          ({ start, end }) => JSON.parse(`"${bytes.toString('utf8', start, end)}"`) as string,
        );
        expect(texts.join('')).toBe(JSON.parse(json));
        expect(Math.max(...pieces.map(({ start, end }) => end - start))).toBeLessThanOrEqual(maxBytes);
      }),
    );
  });

  it('goes on after bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('"'), Buffer.alloc(100, 0x80), Buffer.from('"')]);
    const pieces = [...stringPieces(bytes, { start: 0, end: bytes.length }, 10)];
    expect(pieces.at(-1)).toMatchObject({ end: 101 });
    expect(pieces).toHaveLength(10);
  });
});
