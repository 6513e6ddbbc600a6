import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { summarise } from './summarise.js';
import { countTokens } from './tokens.js';

const TEXT = `Redis is an in-memory data store. Tea is nice.
A cache in Redis answers quickly when the same question comes again. Some people prefer coffee.
When Redis is not available, a good cache falls back to the database. It rained on Monday.
A queue in Redis keeps requests in order. The cat slept.`;

describe('summarise', () => {
  it('selects the most central third, in its original order and wording', () => {
    const { text, cut } = summarise(TEXT);
    expect(text).toBe(
      'Redis is an in-memory data store. ' +
        'A cache in Redis answers quickly when the same question comes again. ' +
        'When Redis is not available, a good cache falls back to the database.',
    );
    expect(cut).toBe(false);
  });

  it('selects at most three sentences', () => {
    const text = Array.from({ length: 60 }, (_, i) => `Topic ${i} and cache number ${i} differ.`).join(' ');
    expect(summarise(text).text.match(/differ\./g)).toHaveLength(3);
  });

  it('is deterministic', () => {
    expect(summarise(TEXT)).toEqual(summarise(TEXT));
  });

  it('returns a single sentence unchanged', () => {
    expect(summarise('  What is  Redis?\n')).toEqual({ text: 'What is Redis?', tokens: 4, cut: false });
    expect(summarise('!!!').text).toBe('!!!');
  });

  it('does not repeat a sentence', () => {
    const text = 'The cache is warm. '.repeat(6) + 'The cache is cold. The queue is long. The cache is full.';
    const said = summarise(text).text.split(/(?<=\.) /);
    expect(new Set(said).size).toBe(said.length);
  });

  it('ignores words that most sentences share, in any language', () => {
    const text = `Der Hund ist der Freund. Der Zug ist der Weg. Der Turm ist der Stein.
Der Speicher beantwortet Anfragen. Der Speicher sammelt Anfragen schnell.`;
    expect(summarise(text).text).toContain('Speicher');
  });

  it('adds no spaces where the text has none', () => {
    const text = '雨の日は本を読む。本は楽しい。天気の日は外で遊ぶ。雨の日は本がいい。猫が寝る。本と雨の日。';
    expect(summarise(text).text).not.toContain(' ');
  });

  it('omits sentences to stay within the token limit', () => {
    const { text, tokens, cut } = summarise(TEXT, 20);
    expect(text).toMatch(/^[A-Z].*\.$/);
    expect(tokens).toBeLessThanOrEqual(20);
    expect(summarise(TEXT).tokens).toBeGreaterThan(20);
    expect(cut).toBe(false);
  });

  it('truncates the best sentence when none fits', () => {
    const { text, tokens, cut } = summarise(TEXT, 4);
    expect(cut).toBe(true);
    expect(tokens).toBe(4);
    expect(summarise(TEXT).text).toContain(text);
  });

  it('counts its tokens and stays within the limit for any text', () => {
    const parts = fc.constantFrom(
      'Cache. ',
      'redis ',
      '\n',
      'Queue waits! ',
      '😀',
      '漢字。',
      '- ',
      'Ünïcode ',
    );
    fc.assert(
      fc.property(
        fc.array(parts, { minLength: 1, maxLength: 40 }).map((all) => `x${all.join('')}`),
        fc.integer({ min: 1, max: 30 }),
        (text, max) => {
          const summary = summarise(text, max);
          expect(summary.tokens).toBeLessThanOrEqual(max);
          expect(summary.tokens).toBe(countTokens(summary.text));
        },
      ),
    );
  });
});
