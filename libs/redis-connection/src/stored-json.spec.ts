import { describe, expect, it } from '@jest/globals';
import { MAX_NESTING } from './nesting.js';
import { parseStored } from './stored-json.js';

describe('parseStored', () => {
  it('returns the value of JSON within the limits', () => {
    expect(parseStored('{"a":[1]}', 9)).toEqual({ value: { a: [1] } });
    expect(parseStored('null', 4)).toEqual({ value: null });
  });

  it.each([
    ['above the limit', '{"a":[1]}', 8, 'is larger than the limit of 8 bytes'],
    ['above the limit in bytes but not in characters', '"ééé"', 7, 'is larger than the limit of 7 bytes'],
    ['that is no JSON', '{"a":', 100, 'is not valid JSON'],
    ['that is no JSON and above the limit', '{"a":', 4, 'is larger than the limit of 4 bytes'],
    ['nested too deeply', '['.repeat(MAX_NESTING + 1) + ']'.repeat(MAX_NESTING + 1), 10_000, 'is nested'],
    ['nested too deeply and no JSON', '['.repeat(9_000), 10_000, 'is nested more than 2000 levels deep'],
  ])('refuses text %s', (_name, text, maxBytes, problem) => {
    expect(parseStored(text, maxBytes)).toEqual({ problem: expect.stringContaining(problem) });
  });
});
