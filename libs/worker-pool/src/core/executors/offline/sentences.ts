/** Maximum length of a sentence; a longer one is cut here, if possible at a space. */
export const MAX_SENTENCE_CHARS = 2_000;

// The root locale: with the machine's locale the result would depend on the machine.
const SENTENCES = new Intl.Segmenter('und', { granularity: 'sentence' });
const WORDS = new Intl.Segmenter('und', { granularity: 'word' });

const HARD_WRAP = /\n[ \t]*(?=\p{Ll})/gu;
const LAST_SPACE = /\s\S*$/u;
// Sentences of plain ASCII words do not need Unicode's rules, which cost more than everything else, above all for
// short sentences.
const PLAIN_SENTENCE = /^\s*[a-z\d]+(?:,?\s+[a-z\d]+)*[.!?]*\s*$/i;
const PLAIN_WORD = /[a-z\d]+/g;
const SURROGATE_PAIR = /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/;

/**
 * The sentences of a text in their order, each with its trailing white space; blank sentences are omitted. A line
 * break ends a sentence unless the next line continues in lower case (hard-wrapped text).
 *
 * V8 copies the whole input into every segment that `Intl.Segmenter` yields, so a text of 1 MB ends in "heap out of
 * memory"; the text is therefore read through a window.
 */
export function splitSentences(text: string): string[] {
  const unwrapped = text.replace(/\r\n?/g, '\n').replace(HARD_WRAP, ' ');
  const sentences: string[] = [];
  for (let start = 0; start < unwrapped.length;) {
    const found = sentencesOfWindow(unwrapped, start);
    sentences.push(...found.filter((sentence) => /\S/.test(sentence)));
    start += found.reduce((length, sentence) => length + sentence.length, 0);
  }
  return sentences;
}

function sentencesOfWindow(text: string, start: number): string[] {
  const window = text.slice(start, start + MAX_SENTENCE_CHARS);
  const found = Array.from(SENTENCES.segment(window), ({ segment }) => segment);
  if (start + window.length >= text.length) {
    return found;
  }
  return found.length > 1
    ? found.slice(0, -1)
    : [window.slice(0, cutOf(window, text[start + window.length]))];
}

function cutOf(window: string, next = ''): number {
  const space = window.search(LAST_SPACE);
  if (space > 0) {
    return space + 1;
  }
  const splitsPair = SURROGATE_PAIR.test(window.slice(-1) + next);
  return splitsPair ? window.length - 1 : window.length;
}

/** The distinct words of a sentence, normalised in case and width. */
export function wordsOf(sentence: string): Set<string> {
  return PLAIN_SENTENCE.test(sentence)
    ? new Set(sentence.toLowerCase().match(PLAIN_WORD))
    : segmentedWordsOf(sentence);
}

function segmentedWordsOf(sentence: string): Set<string> {
  const words = new Set<string>();
  for (const { segment, isWordLike } of WORDS.segment(sentence)) {
    if (isWordLike) {
      words.add(segment.normalize('NFKC').toLowerCase());
    }
  }
  return words;
}
