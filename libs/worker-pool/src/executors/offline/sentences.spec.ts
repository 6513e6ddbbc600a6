import { describe, expect, it } from '@jest/globals';
import * as fc from '../../../../../test/support/chance.js';
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

  it('leaves out white space alone', () => {
    expect(splitSentences(' \n\n \n')).toEqual([]);
    expect(trimmed('\n\nHello.\n\n\n')).toEqual(['Hello.']);
  });

  it('cuts an endless sentence at a space, or anywhere but inside a character', () => {
    const words = splitSentences('word '.repeat(1_000));
    expect(words.length).toBeGreaterThan(1);
    expect(words.every((part) => part.length <= MAX_SENTENCE_CHARS && part.endsWith(' '))).toBe(true);
    const faces = splitSentences(`a${'😀'.repeat(3_000)}`);
    expect(faces.length).toBeGreaterThan(1);
    expect(faces.every((part) => part.isWellFormed())).toBe(true);
  });

  it('loses nothing but white space, whatever the text', () => {
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

describe('wordsOf', () => {
  it('gives one form of a word, without signs', () => {
    expect([...wordsOf('Cache, CACHE; “cache” – ｃａｃｈｅ!')]).toEqual(['cache']);
  });

  it('finds words where there are no spaces', () => {
    expect(wordsOf('雨の日は本を読みます').has('雨')).toBe(true);
  });
});
