import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { countTokens, cutToTokens } from './tokens.js';

describe('countTokens', () => {
  it('equals the count of the tokenizer for ordinary text', () => {
    const text = 'Redis answers in 0.3 ms; große Wörter, 日本語, and code: const a = [1, 2];\n\n  indented';
    expect(countTokens(text.repeat(50))).toBe(encode(text.repeat(50)).length);
    expect(countTokens('')).toBe(0);
  });

  it('reads special tokens as text', () => {
    expect(countTokens('before <|endoftext|> after')).toBeGreaterThan(3);
  });

  it('counts a megabyte of one letter', () => {
    expect(countTokens('a'.repeat(1_000_000))).toBe(125_000);
  });
});

describe('cutToTokens', () => {
  it('keeps a text that fits', () => {
    expect(cutToTokens('Hello world', 2)).toBe('Hello world');
    expect(cutToTokens('Hello world', Infinity)).toBe('Hello world');
  });

  it('keeps the beginning', () => {
    expect(cutToTokens('Hello world, how are you?', 2)).toBe('Hello world');
  });

  it('never splits a character', () => {
    const family = '👨‍👩‍👧‍👦 is here';
    for (let tokens = 1; tokens < 12; tokens += 1) {
      expect(family.startsWith(cutToTokens(family, tokens))).toBe(true);
    }
  });

  it('stays within the limit for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.integer({ min: 1, max: 30 }),
        (text, max) => {
          const cut = cutToTokens(text, max);
          expect(text.startsWith(cut)).toBe(true);
          expect(countTokens(cut)).toBeLessThanOrEqual(max);
        },
      ),
    );
  });
});
