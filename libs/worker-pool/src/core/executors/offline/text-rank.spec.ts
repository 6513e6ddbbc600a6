import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { denseRank } from './spec-support/dense-rank.js';
import { MAX_GRAPH_SENTENCES, rankSentences } from './text-rank.js';

const sentences = (...texts: string[]): Set<string>[] => texts.map((text) => new Set(text.split(' ')));

describe('rankSentences', () => {
  it('ranks the sentence first that shares words with most others', () => {
    const ranked = rankSentences(
      sentences('tea is nice', 'redis keeps data', 'cache redis queue', 'a cache answers', 'the queue waits'),
    );
    expect(ranked[0]).toBe(2);
    expect(ranked.at(-1)).toBe(0);
  });

  it('weighs shared words by the length of the sentences', () => {
    const long = 'cache redis one two three four five six seven eight nine ten';
    expect(rankSentences(sentences(long, 'cache redis now', 'cache redis soon'))[2]).toBe(0);
  });

  it('ranks the hub of a star before its leaves', () => {
    const ranked = rankSentences(sentences('a x', 'b y', 'a b c', 'c z'));
    expect(ranked).toEqual([2, 0, 1, 3]);
  });

  it('keeps the order of the text for equal scores', () => {
    expect(rankSentences(sentences('a', 'b', 'c'))).toEqual([0, 1, 2]);
    expect(rankSentences(sentences('same words', 'same words', 'same words'))).toEqual([0, 1, 2]);
  });

  it('ranks an empty list, and sentences without words', () => {
    expect(rankSentences([])).toEqual([]);
    expect(rankSentences([new Set(), new Set()])).toEqual([0, 1]);
  });

  it.each([
    ['in which hardly any two sentences share a word', 2_000, 2],
    ['as texts are', 60, 12],
    ['in which all share most words', 8, 12],
  ])('ranks a text %s like the dense matrix', (_what, vocabulary, maxLength) => {
    const words = fc.array(fc.nat({ max: vocabulary }).map(String), { maxLength });
    const texts = fc.array(words, { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(texts, (those) => {
        const sets = those.map((one) => new Set(one));
        expect(rankSentences(sets)).toEqual(denseRank(sets));
      }),
    );
  });

  it('ranks a full graph like the dense matrix', () => {
    const sets = Array.from({ length: MAX_GRAPH_SENTENCES }, (_, index) => {
      return new Set(
        Array.from({ length: 1 + (index % 9) }, (_word, at) => `w${(index * 31 + at * at) % 97}`),
      );
    });
    expect(rankSentences(sets)).toEqual(denseRank(sets));
  });

  it('finds the central sentence of a text far beyond one graph', () => {
    const count = 30 * MAX_GRAPH_SENTENCES;
    const texts = Array.from({ length: count }, (_, index) => `w${index % 50} v${index % 50} only${index}`);
    const hub = 7_777;
    texts[hub] = Array.from({ length: 50 }, (_, index) => `w${index} v${index}`).join(' ');
    const ranked = rankSentences(sentences(...texts));
    expect(ranked[0]).toBe(hub);
    expect(ranked.length).toBeLessThanOrEqual(MAX_GRAPH_SENTENCES);
    expect(new Set(ranked).size).toBe(ranked.length);
  });
});
