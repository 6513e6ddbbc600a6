import { InvalidKeyError } from '../errors/errors.js';

/** Longest key, in UTF-16 code units. */
export const MAX_KEY_LENGTH = 1_024;

/**
 * Lets a key pass, or throws.
 *
 * Ill-formed Unicode is refused because every lone surrogate becomes the same replacement character
 * on the wire: two different keys would share an entry.
 *
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
