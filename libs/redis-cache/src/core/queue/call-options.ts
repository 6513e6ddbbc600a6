import { MAX_LEASE_SECONDS } from '../options/redis-cache-options.schema.js';
import { InvalidCallOptionError } from '../errors/errors.js';

/** How many requests one call may name or ask for. */
export const MAX_REQUESTS_PER_CALL = 10_000;
/** The longest time to wait for a request: a day. */
const MAX_WAIT_MS = 86_400_000;
const MIN_LEASE_SECONDS = 0.05;
const MAX_REASON_LENGTH = 1_000;
const MAX_ID_LENGTH = 100;

/**
 * Milliseconds of a lease.
 *
 * @throws {InvalidCallOptionError}
 */
export function leaseMsOf(leaseSeconds: number): number {
  return Math.ceil(inRange('leaseSeconds', leaseSeconds, MIN_LEASE_SECONDS, MAX_LEASE_SECONDS) * 1000);
}

/**
 * Milliseconds of a delay.
 *
 * @throws {InvalidCallOptionError}
 */
export function delayMsOf(delaySeconds: number): number {
  return Math.ceil(inRange('delaySeconds', delaySeconds, 0, MAX_LEASE_SECONDS) * 1000);
}

/** @throws {InvalidCallOptionError} */
export function waitMsOf(timeoutMs: number): number {
  return inRange('timeoutMs', timeoutMs, 0, MAX_WAIT_MS);
}

/** @throws {InvalidCallOptionError} */
export function countOf(field: string, count: number): number {
  if (Number.isInteger(count)) return inRange(field, count, 1, MAX_REQUESTS_PER_CALL);
  throw new InvalidCallOptionError(field, 'must be a whole number');
}

/** @throws {InvalidCallOptionError} */
export function idOf(id: string): string {
  if (typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH) return id;
  throw new InvalidCallOptionError('id', 'must be one that the queue handed out');
}

/** @throws {InvalidCallOptionError} */
export function idsOf(ids: readonly string[]): readonly string[] {
  for (const id of listOf('ids', ids)) idOf(id);
  return ids;
}

/** @throws {InvalidCallOptionError} */
export function listOf<T>(field: string, list: readonly T[]): readonly T[] {
  if (Array.isArray(list) && list.length <= MAX_REQUESTS_PER_CALL) return list;
  throw new InvalidCallOptionError(field, `must be a list of at most ${MAX_REQUESTS_PER_CALL}`);
}

/** A reason is for people to read, and need not be complete. */
export function reasonOf(reason: string): string {
  return String(reason).slice(0, MAX_REASON_LENGTH).toWellFormed();
}

function inRange(field: string, value: number, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw new InvalidCallOptionError(field, `must be a number from ${min} to ${max}`);
}
