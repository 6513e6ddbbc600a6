import { hasMoreText, isTooDeep, parseStored } from 'nestjs-redis-connection';

/** Room in a record for what the pool itself adds, such as the marks of a task or the error of a stopped one, in bytes. */
const OWN_BYTES = 64 * 1_024;

/** The most bytes of JSON that a UTF-16 code unit can take, as an escape such as `\u0000`. */
const MAX_UNIT_BYTES = 6;
/** The longest number in JSON is `-1.7976931348623157e+308`. */
const MAX_NUMBER_BYTES = 24;
/** For `false`, the longest other value without parts. */
const MAX_LITERAL_BYTES = 5;
/** For the punctuation around a value, and for the quotes and the colon of its name. */
const PUNCTUATION_BYTES = 4;
/** Deeper records are written in order to be judged. */
const MAX_JUDGED_DEPTH = 32;

/**
 * Whether a value can be kept as a record: `noJson` when it has no JSON or is nested too deeply to be read again.
 *
 * Most records are far below their limit, which an estimate of their size shows; it takes about a tenth of the time in
 * which JSON is written.
 */
export function judgeRecord(value: unknown, maxBytes: number): 'fits' | 'tooLarge' | 'noJson' {
  if (typeof value === 'object' && room(value, maxBytes, 0) >= 0) return 'fits';
  // Writing many megabytes to measure them would block the process.
  if (hasMoreText(value, maxBytes)) return 'tooLarge';
  const json = recordJson(value);
  if (json === undefined) return 'noJson';
  return Buffer.byteLength(json) > maxBytes ? 'tooLarge' : 'fits';
}

/**
 * Returns the value of a record in Redis, which another program or other options may have written; `undefined` if it is
 * no JSON, nested too deeply, or larger than the limit.
 *
 * @param record JSON, or what BullMQ has parsed of it
 */
export function readRecord(record: unknown, maxBytes: number): unknown {
  const limit = maxBytes + OWN_BYTES;
  if (typeof record === 'string') {
    const stored = parseStored(record, limit);
    return 'value' in stored ? stored.value : undefined;
  }
  return judgeRecord(record, limit) === 'fits' ? record : undefined;
}

function recordJson(value: unknown): string | undefined {
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined || isTooDeep(json) ? undefined : json;
  } catch {
    return undefined;
  }
}

/** What is left of `bytes` after the JSON of the value, at least; negative when only writing it shows its size. */
function room(value: unknown, bytes: number, depth: number): number {
  switch (typeof value) {
    case 'string':
      return bytes - value.length * MAX_UNIT_BYTES - PUNCTUATION_BYTES;
    case 'number':
      return bytes - MAX_NUMBER_BYTES - PUNCTUATION_BYTES;
    case 'boolean':
    case 'undefined':
      return bytes - MAX_LITERAL_BYTES - PUNCTUATION_BYTES;
    case 'object':
      return value === null ? bytes - MAX_LITERAL_BYTES - PUNCTUATION_BYTES : roomIn(value, bytes, depth);
    default:
      return -1;
  }
}

function roomIn(value: object, bytes: number, depth: number): number {
  if (depth > MAX_JUDGED_DEPTH || 'toJSON' in value) return -1;
  let left = bytes - PUNCTUATION_BYTES;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && left >= 0; at += 1) left = room(value[at], left, depth + 1);
    return left;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return -1;
  for (const name of Object.keys(value)) {
    if (left < 0) return left;
    left = room((value as Record<string, unknown>)[name], left - name.length * MAX_UNIT_BYTES, depth + 1);
  }
  return left;
}
