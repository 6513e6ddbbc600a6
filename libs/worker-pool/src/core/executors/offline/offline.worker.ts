import { splitSentences } from './sentences.js';
import { summarise } from './summarise.js';
import { countTokens } from './tokens.js';

/** Input of a thread. Plain data: it is copied into the thread. */
export interface SummaryJob {
  /** The text to summarise. */
  text: string;
  /** Further texts, which are only counted as input. */
  context: readonly string[];
  maxTokens?: number;
  /** Only counts the input; the text of the result is empty. */
  countOnly?: boolean;
}

/** Output of a thread. */
export interface SummaryResult {
  text: string;
  /** The text, sentence by sentence. */
  sentences: string[];
  inputTokens: number;
  outputTokens: number;
  /** The summary ends in the middle of a sentence. */
  cut: boolean;
}

/** Entry point of the threads: piscina calls the default export. */
export default function runSummaryJob({ text, context, maxTokens, countOnly }: SummaryJob): SummaryResult {
  const inputTokens = [text, ...context].reduce((tokens, part) => tokens + countTokens(part), 0);
  if (countOnly) return { text: '', sentences: [], inputTokens, outputTokens: 0, cut: false };
  const summary = summarise(text, maxTokens);
  const { text: extract, tokens: outputTokens, cut } = summary;
  return { text: extract, sentences: splitSentences(extract), inputTokens, outputTokens, cut };
}
