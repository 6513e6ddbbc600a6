/** A string in JSON text, from its first quote to behind its last; or a piece of its content, without quotes. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const [BACKSLASH, LETTER_U] = ['\\'.charCodeAt(0), 'u'.charCodeAt(0)];
/** Of an escape such as `\u00e9`. */
const LONGEST_ESCAPE = 6;
const SHORT_ESCAPE = 2;
/** Continuation bytes of a character in UTF-8. */
const MAX_CONTINUATIONS = 3;

/**
 * Cuts the content of a string in JSON text into pieces of at most `maxBytes`, each of which is the content of a string
 * itself: no escape and no character is cut. Two escapes that form one character may come into two pieces.
 */
export function* stringPieces(bytes: Buffer, { start, end }: Span, maxBytes: number): Generator<Span> {
  const last = end - 1;
  let at = start + 1;
  while (last - at > maxBytes) {
    const cut = cutBefore(bytes, at, at + maxBytes);
    yield { start: at, end: cut };
    at = cut;
  }
  yield { start: at, end: last };
}

/** The last place up to `at` that is neither within an escape nor within a character. `from` is such a place. */
function cutBefore(bytes: Buffer, from: number, at: number): number {
  const escape = escapeAround(bytes, from, at);
  if (escape !== undefined) return escape;
  let cut = at;
  while (at - cut < MAX_CONTINUATIONS && isContinuation(bytes[cut]!)) cut -= 1;
  return isContinuation(bytes[cut]!) ? at : cut;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Where the escape begins that goes beyond `at`, if there is one. */
function escapeAround(bytes: Buffer, from: number, at: number): number | undefined {
  const least = Math.max(from, at - LONGEST_ESCAPE + 1);
  let backslash = at - 1;
  while (backslash >= least && bytes[backslash] !== BACKSLASH) backslash -= 1;
  if (backslash < least) return undefined;
  let run = backslash;
  while (run > from && bytes[run - 1] === BACKSLASH) run -= 1;
  // Of an even number, each second one is escaped by the one before.
  if ((backslash - run) % 2 === 1) return undefined;
  const length = bytes[backslash + 1] === LETTER_U ? LONGEST_ESCAPE : SHORT_ESCAPE;
  return backslash + length > at ? backslash : undefined;
}
