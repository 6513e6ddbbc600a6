import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Smaller requests are handled in one turn of the event loop. */
const LARGE_SIZE = 256 * 1_024;
/** What a value costs beside the characters of a text. */
const VALUE_SIZE = 16;
/** Longer texts are written apart from the rest. */
const LONG_CHARS = 512;
/** Characters that are written in one turn: a few milliseconds. */
const STEP_CHARS = 1_024 * 1_024;

/** A body as the SDK takes it: a value of which it makes JSON, or the JSON in UTF-8. */
export type AnthropicBody = Readonly<Record<string, unknown>> | Blob;

/**
 * The body of a call and its headers. A large body is written as JSON here, in steps between which others are served; the
 * SDK would do it in one turn, which for 33 MB of images takes a tenth of a second. It is sent in steps because it is a
 * `Blob`: `fetch` copies bytes, twice, before it sends the first.
 */
export async function encodedCall(
  body: Readonly<Record<string, unknown>>,
  headers: Record<string, string>,
): Promise<{ body: AnthropicBody; headers: Record<string, string> }> {
  if (!isLarge(body)) return { body, headers };
  await nextTurn();
  const json = await jsonInSteps(body);
  await nextTurn();
  return { body: json, headers: { ...headers, 'content-type': 'application/json' } };
}

/** Whether a request is handled in steps, between which others are served. */
export function isLarge(request: object): boolean {
  return sizeOf(request, LARGE_SIZE) > LARGE_SIZE;
}

/** The JSON of a value in UTF-8, as `JSON.stringify` would write it, except that it may escape a character of a long text. */
export async function jsonInSteps(value: unknown): Promise<Blob> {
  const nonce = randomUUID();
  const texts: string[] = [];
  const json = JSON.stringify(value, (_name, item: unknown) => {
    if (typeof item !== 'string' || item.length <= LONG_CHARS) return item;
    texts.push(item);
    return nonce;
  });
  // Of few parts, because each of them is read by itself.
  const steps: Blob[] = [];
  let parts: string[] = [];
  let chars = 0;
  for (const [index, between] of json.split(`"${nonce}"`).entries()) {
    parts.push(between);
    for (const piece of index < texts.length ? literalPieces(texts[index]!) : []) {
      parts.push(piece);
      chars += piece.length;
      if (chars < STEP_CHARS) continue;
      steps.push(new Blob([parts.join('')]));
      [parts, chars] = [[], 0];
      await nextTurn();
    }
  }
  return new Blob([...steps, parts.join('')]);
}

/** A text as JSON, in pieces. A pair of surrogates that is cut becomes two escapes, which mean the same. */
function* literalPieces(text: string): Generator<string> {
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
