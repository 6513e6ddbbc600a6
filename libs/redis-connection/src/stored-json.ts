import { isTooDeep, TOO_DEEP } from './nesting.js';

/** A value that was stored as JSON, or why it is refused. The problem begins with a verb, such as `is not valid JSON`. */
export type StoredJson = { value: unknown } | { problem: string };

/** UTF-8 takes at most this many bytes per UTF-16 code unit. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Parses JSON that was read from Redis, where another program or an older configuration may have written it. A text that
 * is too large or nested too deeply is not parsed. Never throws.
 *
 * @param maxNesting default: `MAX_NESTING`
 */
export function parseStored(text: string, maxBytes: number, maxNesting?: number): StoredJson {
  if (takesMoreThan(text, maxBytes)) return { problem: `is larger than the limit of ${maxBytes} bytes` };
  if (isTooDeep(text, maxNesting)) return { problem: TOO_DEEP };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { problem: 'is not valid JSON' };
  }
}

function takesMoreThan(text: string, maxBytes: number): boolean {
  if (text.length * MAX_BYTES_PER_UNIT <= maxBytes) return false;
  return text.length > maxBytes || Buffer.byteLength(text) > maxBytes;
}
