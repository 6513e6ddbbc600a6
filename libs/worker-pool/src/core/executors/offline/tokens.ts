import { countTokens as countPiece, decode, encode } from 'gpt-tokenizer/encoding/o200k_base';

// `<|endoftext|>` in a prompt is ordinary text; by default the tokenizer throws on it.
const PLAIN_TEXT = { disallowedSpecial: new Set<string>() };

// Byte pair encoding takes quadratic time within one run of letters, symbols or white space: 100,000 times the
// letter "a" took 5.7 s; split into runs of 256 they take a millisecond. Ordinary text has no such runs and is
// counted exactly; each split adds at most one token.
const LONG_RUN = /[\p{L}\p{M}]{256}|[^\s\p{L}\p{M}\p{N}]{256}|\s{256}/gu;

function* piecesOf(text: string): Generator<string> {
  let start = 0;
  for (const run of text.matchAll(LONG_RUN)) {
    const end = run.index + run[0].length;
    yield text.slice(start, end);
    start = end;
  }
  yield text.slice(start);
}

/** Tokens of a text in the encoding o200k_base. */
export function countTokens(text: string): number {
  let tokens = 0;
  for (const piece of piecesOf(text)) {
    tokens += countPiece(piece, PLAIN_TEXT);
  }
  return tokens;
}

/** The longest prefix of a text that has at most `maxTokens` tokens; never splits a character. */
export function cutToTokens(text: string, maxTokens: number): string {
  const tokens: number[] = [];
  for (const piece of piecesOf(text)) {
    tokens.push(...encode(piece, PLAIN_TEXT).slice(0, maxTokens - tokens.length));
    if (tokens.length >= maxTokens) {
      break;
    }
  }
  let prefix = decode(tokens);
  while (!text.startsWith(prefix)) {
    tokens.pop();
    prefix = decode(tokens);
  }
  return prefix;
}
