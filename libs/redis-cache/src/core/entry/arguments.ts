import {
  InvalidCallOptionError,
  InvalidKeyError,
  InvalidTtlError,
  ValueTooLargeError,
} from '../errors/errors.js';

/** Longest key, in UTF-16 code units. */
export const MAX_KEY_LENGTH = 1_024;

/**
 * Throws unless the key is valid. Ill-formed Unicode is refused because every lone surrogate becomes the same
 * replacement character on the wire: two different keys would share an entry.
 *
 * @param field name of the argument, for the error
 * @throws {InvalidKeyError} not a string, empty, above {@link MAX_KEY_LENGTH}, or not well-formed
 */
export function assertKey(key: string, field: string): void {
  if (typeof key !== 'string') throw new InvalidKeyError(field, 'must be a string');
  if (key.length === 0) throw new InvalidKeyError(field, 'must not be empty');
  if (key.length > MAX_KEY_LENGTH) {
    throw new InvalidKeyError(field, `must not be longer than ${MAX_KEY_LENGTH} characters`);
  }
  if (!key.isWellFormed()) throw new InvalidKeyError(field, 'must be well-formed Unicode');
}

/**
 * Throws unless the keys are an array of valid keys. A string is refused: it would count as a list of its characters.
 *
 * @throws {InvalidCallOptionError} not an array
 * @throws {InvalidKeyError} naming the key, such as `keys[3]`
 */
export function assertKeys(keys: readonly string[], field: string): void {
  assertList(keys, field);
  for (const [index, key] of keys.entries()) assertKey(key, `${field}[${index}]`);
}

/** @throws {InvalidCallOptionError} not an array */
export function assertList(list: readonly unknown[], field: string): void {
  if (!Array.isArray(list)) throw new InvalidCallOptionError(field, 'must be an array');
}

/** A hundred years: far above any use, far below the largest expiry in milliseconds. */
export const MAX_TTL_SECONDS = 3_155_760_000;

/**
 * Returns the TTL in whole milliseconds, at least one.
 *
 * @throws {InvalidTtlError} not a positive finite number, or above {@link MAX_TTL_SECONDS}
 */
export function ttlToMs(ttlSeconds: number, field = 'ttlSeconds'): number {
  if (typeof ttlSeconds !== 'number' || !(ttlSeconds > 0 && ttlSeconds <= MAX_TTL_SECONDS)) {
    throw new InvalidTtlError(field, `must be a number above 0 and up to ${MAX_TTL_SECONDS}`);
  }
  return Math.max(1, Math.round(ttlSeconds * 1000));
}

/**
 * Throws if the value's JSON is above the limit.
 *
 * @throws {ValueTooLargeError}
 */
export function assertSize(field: string, json: string, maxBytes: number): void {
  const bytes = Buffer.byteLength(json);
  if (bytes > maxBytes) throw new ValueTooLargeError(field, bytes, maxBytes);
}
