/**
 * How deeply arrays and objects may be nested in JSON that is written to Redis or read from it. Values at this depth can
 * still be written as JSON again, which overflows the stack at some 4,000 levels.
 */
export const MAX_NESTING = 2_000;

/** Why JSON that is nested too deeply is refused. */
export const TOO_DEEP = `is nested more than ${MAX_NESTING} levels deep`;

/** Texts with fewer opening brackets are judged by the native search, ten times as fast as a loop. */
const FEW_BRACKETS = 64;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Whether arrays and objects in the JSON are nested more deeply than `max` levels. Without recursion. Costs nothing up
 * to twice `max` characters, next to nothing for a longer text with few brackets, and a loop over the bytes for others.
 *
 * @param json as text, or in UTF-8. Never throws, whatever it is; it may be wrong about text that is no JSON
 */
export function isTooDeep(json: string | Buffer, max = MAX_NESTING): boolean {
  // Each level takes two characters.
  if (json.length <= 2 * max) return false;
  if (hasFewBrackets(json, Math.min(max, FEW_BRACKETS))) return false;
  return isNested(typeof json === 'string' ? Buffer.from(json) : json, max);
}

function hasFewBrackets(json: string | Buffer, few: number): boolean {
  const left = few - countUpTo(json, '[', OPEN_ARRAY, few);
  return left >= 0 && countUpTo(json, '{', OPEN_OBJECT, left) <= left;
}

/** How often the character occurs, or `limit + 1` if that is more than `limit`. */
function countUpTo(json: string | Buffer, character: string, code: number, limit: number): number {
  // A number is searched in bytes without being converted first.
  const next = (from: number): number =>
    typeof json === 'string' ? json.indexOf(character, from) : json.indexOf(code, from);
  let count = 0;
  for (let at = next(0); at !== -1 && count <= limit; at = next(at + 1)) count += 1;
  return count;
}

// In UTF-8 these bytes stand only for themselves.
function isNested(bytes: Buffer, max: number): boolean {
  let depth = 0;
  // Not to the end: a level that is still missing takes two characters, an open one takes another to be closed.
  for (let at = 0; bytes.length - at > 2 * max + 1 - depth; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth += 1;
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1;
    if (depth > max) return true;
  }
  return false;
}

/** Position of the quote that ends the string which begins at `start`; the number of bytes without one. */
function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
