import { splitSentences, wordsOf } from './sentences.js';
import { rankSentences, type Words } from './text-rank.js';
import { countTokens, cutToTokens } from './tokens.js';

/** Maximum number of sentences in a summary. */
export const MAX_SUMMARY_SENTENCES = 3;

// In a text of fewer sentences, words of the topic occur in most of them, too.
const MIN_SENTENCES_FOR_STOP_WORDS = 4;

/** An extract of a text. */
export interface Summary {
  text: string;
  tokens: number;
  /** The text ends in the middle of a sentence. */
  cut: boolean;
}

/**
 * The most central sentences of a text, in their original order and wording: a third of them, at most three.
 *
 * The sentences are ranked by TextRank, see `rankSentences`. Stop words need no list per language: a word that
 * occurs in more than half of the sentences does not distinguish them and is ignored. A repeated sentence appears
 * once. The result is deterministic.
 *
 * `maxTokens` limits the length: fewer sentences, best first; when not even the best one fits, its beginning.
 */
export function summarise(text: string, maxTokens = Infinity): Summary {
  const sentences = splitSentences(text);
  const ranked = rankSentences(withoutStopWords(sentences.map(wordsOf)));
  const picked = pick(sentences, ranked, maxTokens);
  if (picked.length > 0) {
    const summary = join(sentences, picked);
    return { text: summary, tokens: countTokens(summary), cut: false };
  }
  const beginning = cutToTokens(join(sentences, ranked.slice(0, 1)), maxTokens).trimEnd();
  return { text: beginning, tokens: countTokens(beginning), cut: true };
}

function pick(sentences: readonly string[], ranked: readonly number[], maxTokens: number): number[] {
  const wanted = Math.min(MAX_SUMMARY_SENTENCES, Math.ceil(sentences.length / 3));
  const seen = new Set<string>();
  const picked: number[] = [];
  for (const index of ranked) {
    const wording = sentences[index]?.trim() ?? '';
    if (seen.has(wording)) {
      continue;
    }
    if (picked.length === wanted || countTokens(join(sentences, [...picked, index])) > maxTokens) {
      break;
    }
    seen.add(wording);
    picked.push(index);
  }
  return picked;
}

/** Runs of white space become one space; none is added between sentences that have none. */
function join(sentences: readonly string[], picked: readonly number[]): string {
  return picked
    .toSorted((a, b) => a - b)
    .map((index) => sentences[index])
    .join('')
    .replace(/\s+/g, ' ')
    .trim();
}

function withoutStopWords(sentences: readonly Words[]): readonly Words[] {
  if (sentences.length < MIN_SENTENCES_FOR_STOP_WORDS) {
    return sentences;
  }
  const occurrences = new Map<string, number>();
  for (const words of sentences) {
    for (const word of words) {
      occurrences.set(word, (occurrences.get(word) ?? 0) + 1);
    }
  }
  const isDistinctive = (word: string): boolean => (occurrences.get(word) ?? 0) <= sentences.length / 2;
  return sentences.map((words) => new Set([...words].filter(isDistinctive)));
}
