import { describe, expect, it } from '@jest/globals';
import { array, assert, integer, property, string } from 'fast-check';
import { fitsIn } from './fits-in.js';

describe('fitsIn', () => {
  it('counts the bytes of UTF-8', () => {
    assert(
      property(array(string({ unit: 'binary' })), integer({ min: 0, max: 60 }), (texts, maxBytes) => {
        const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
        expect(fitsIn(maxBytes, texts)).toBe(bytes <= maxBytes);
      }),
    );
  });
});
