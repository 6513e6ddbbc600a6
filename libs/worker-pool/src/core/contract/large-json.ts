import { randomUUID } from 'node:crypto';

/** Smaller values are written in one turn of the event loop. */
const LARGE_SIZE = 256 * 1_024;
/** What a value costs beside the characters of a text. */
const VALUE_SIZE = 64;
/** Longer texts are written apart from the rest. */
const LONG_CHARS = 512;
/** Characters that are written in one turn: a few milliseconds. */
const STEP_CHARS = 1_024 * 1_024;

/**
 * Whether a value, as JSON, is so large that it should be written and validated in steps, between which others are served:
 * its texts have more than 262,144 characters, less for many values: 4,096 values are as large without any text.
 */
export function isLargeJson(value: unknown): boolean {
  return sizeOf(value, LARGE_SIZE) > LARGE_SIZE;
}

/**
 * Yields the JSON of a value in pieces of about a megabyte, so that the caller can let others have a turn of the event loop
 * between them. Together they are what `JSON.stringify` writes, except that a character of a long text may be escaped.
 *
 * @throws {TypeError} JSON has no form for the value
 * @example
 * for (const piece of jsonPieces(message)) {
 *   response.write(piece);
 *   await setImmediate();
 * }
 */
export function* jsonPieces(value: object): Generator<string> {
  let parts: string[] = [];
  let chars = 0;
  for (const part of jsonParts(value)) {
    parts.push(part);
    chars += part.length;
    if (chars < STEP_CHARS) continue;
    yield parts.join('');
    [parts, chars] = [[], 0];
  }
  if (parts.length > 0) yield parts.join('');
}

function* jsonParts(value: object): Generator<string> {
  const nonce = randomUUID();
  const texts: string[] = [];
  const json = JSON.stringify(value, (_name, item: unknown) => {
    if (typeof item !== 'string' || item.length <= LONG_CHARS) return item;
    texts.push(item);
    return nonce;
  });
  for (const [index, between] of json.split(`"${nonce}"`).entries()) {
    yield between;
    if (index < texts.length) yield* literalParts(texts[index]!);
  }
}

/** A text as JSON, in parts. A pair of surrogates that is cut becomes two escapes, which mean the same. */
function* literalParts(text: string): Generator<string> {
  yield '"';
  for (let at = 0; at < text.length; at += STEP_CHARS) {
    yield JSON.stringify(text.slice(at, at + STEP_CHARS)).slice(1, -1);
  }
  yield '"';
}

/** The size of a value by its texts and the number of its values; stops counting above `enough`. */
function sizeOf(value: unknown, enough: number): number {
  if (typeof value === 'string') return VALUE_SIZE + value.length;
  let size = VALUE_SIZE;
  if (typeof value !== 'object' || value === null) return size;
  for (const item of Object.values(value)) {
    size += sizeOf(item, enough - size);
    if (size > enough) break;
  }
  return size;
}
