import { InvalidTtlError } from '../errors/errors.js';

/** A hundred years: far above any use, far below what an expiry in milliseconds can express. */
export const MAX_TTL_SECONDS = 3_155_760_000;

/**
 * A TTL in whole milliseconds, at least one.
 *
 * @throws {InvalidTtlError} not a positive finite number, or above {@link MAX_TTL_SECONDS}
 */
export function ttlToMs(ttlSeconds: number): number {
  if (typeof ttlSeconds !== 'number' || !(ttlSeconds > 0 && ttlSeconds <= MAX_TTL_SECONDS)) {
    throw new InvalidTtlError('ttlSeconds', `must be a number above 0 and up to ${MAX_TTL_SECONDS}`);
  }
  return Math.max(1, Math.round(ttlSeconds * 1000));
}
