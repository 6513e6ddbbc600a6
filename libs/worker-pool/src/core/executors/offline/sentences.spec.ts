import { afterEach, describe, expect, it, jest } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { MAX_SENTENCE_CHARS, splitSentences, wordsOf } from './sentences.js';

const bare = (text: string): string => text.replace(/\s/g, '');
const trimmed = (text: string): string[] => splitSentences(text).map((sentence) => sentence.trim());

describe('splitSentences', () => {
  it('splits at the end of sentences, not at decimals or at lower case after a stop', () => {
    expect(trimmed('It costs 3.14 euros. Use e.g. this one! Really?')).toEqual([
      'It costs 3.14 euros.',
      'Use e.g. this one!',
      'Really?',
    ]);
  });

  it('splits text that has no spaces', () => {
    expect(splitSentences('今日は天気がいいですね。明日は雨が降るでしょう。')).toEqual([
      '今日は天気がいいですね。',
      '明日は雨が降るでしょう。',
    ]);
  });

  it('joins hard-wrapped lines and keeps lists apart', () => {
    expect(trimmed('This line is\r\n  wrapped.\n\n- One\n- Two')).toEqual([
      'This line is wrapped.',
      '- One',
      '- Two',
    ]);
  });

  it('omits blank sentences', () => {
    expect(splitSentences(' \n\n \n')).toEqual([]);
    expect(trimmed('\n\nHello.\n\n\n')).toEqual(['Hello.']);
  });

  it('cuts a very long sentence at a space, or else between two characters', () => {
    const words = splitSentences('word '.repeat(1_000));
    expect(words.length).toBeGreaterThan(1);
    expect(words.every((part) => part.length <= MAX_SENTENCE_CHARS && part.endsWith(' '))).toBe(true);
    const faces = splitSentences(`a${'😀'.repeat(3_000)}`);
    expect(faces.length).toBeGreaterThan(1);
    expect(faces.every((part) => part.isWellFormed())).toBe(true);
  });

  it('loses only white space for any text', () => {
    const texts = fc.array(fc.constantFrom('A b. ', 'c', '\n', ' ', '😀', '。', 'x'.repeat(700)), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(texts, (parts) => {
        const text = parts.join('');
        expect(bare(splitSentences(text).join(''))).toBe(bare(text));
      }),
    );
  });

  it('reads a megabyte', () => {
    const sentence = 'The quick brown fox jumps over the lazy dog. ';
    expect(splitSentences(sentence.repeat(23_000))).toHaveLength(23_000);
  });
});

/** The words by the rules of Unicode alone. */
function segmented(text: string): Set<string> {
  const segments = [...new Intl.Segmenter('und', { granularity: 'word' }).segment(text)];
  const words = segments.filter(({ isWordLike }) => isWordLike).map(({ segment }) => segment);
  return new Set(words.map((word) => word.normalize('NFKC').toLowerCase()));
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('wordsOf', () => {
  it('normalises words and removes punctuation', () => {
    expect([...wordsOf('Cache, CACHE; “cache” – ｃａｃｈｅ!')]).toEqual(['cache']);
  });

  it('finds the same words as the rules of Unicode in any sentence', () => {
    const piece = fc.constantFrom(
      'Cache',
      'a',
      'X9',
      '3',
      '3.14',
      "don't",
      'é',
      '_',
      ' ',
      '  ',
      '\n',
      ',',
      '.',
      '!',
      '-',
      ':',
    );
    const texts = fc.oneof(
      fc.array(piece, { maxLength: 20 }).map((parts) => parts.join('')),
      fc.array(piece, { maxLength: 20 }).map((parts) => parts.join(' ')),
      fc.string({ unit: 'grapheme-ascii' }),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect([...wordsOf(text)]).toEqual([...segmented(text)]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not use the segmenter for plain ASCII words', () => {
    const segment = jest.spyOn(Intl.Segmenter.prototype, 'segment');
    for (const text of ['One.', ' The cache is warm, the 2 queues are not!\n', 'w7']) wordsOf(text);
    expect(segment).not.toHaveBeenCalled();
    wordsOf('It costs 3.14 euros.');
    expect(segment).toHaveBeenCalledTimes(1);
  });

  it('finds words in text without spaces', () => {
    expect(wordsOf('雨の日は本を読みます').has('雨')).toBe(true);
  });
});
