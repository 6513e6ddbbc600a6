import { InvalidCallOptionError } from '../errors/errors.js';
import { callOptionNames } from '../errors/option-names.js';
import { MAX_LEASE_SECONDS, MIN_LEASE_SECONDS } from '../options/redis-cache-options.js';

export interface LeaseOptions {
  /** How long the request stays reserved, in seconds, 0.05 to 86,400. Default: the queue's `leaseSeconds` (30). */
  leaseSeconds?: number;
}

export interface WaitOptions {
  /** How long to wait, in milliseconds, at most a day. Default 30,000. */
  timeoutMs?: number;
  /** Aborts the wait: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface ReleaseOptions {
  /** How long the request stays unavailable, in seconds, 0 to 86,400. Default 0: it is delivered next. */
  delaySeconds?: number;
  /** `false`: this delivery does not count towards `maxDeliveries`. Default `true`. */
  counts?: boolean;
  /** Why the request failed; stored with the dead letter. Cut after 1,000 characters. Default `released`. */
  reason?: string;
}

export interface ListDeadLettersOptions {
  /** The most dead letters to return, 1 to 10,000. Default 100. */
  limit?: number;
  /** Returns those after the dead letter with this id, for the next page. Default: from the oldest. */
  after?: string;
}

export const LEASE_OPTIONS = callOptionNames<LeaseOptions>({ leaseSeconds: true });
export const WAIT_OPTIONS = callOptionNames<WaitOptions>({ timeoutMs: true, signal: true });
export const RELEASE_OPTIONS = callOptionNames<ReleaseOptions>({
  delaySeconds: true,
  counts: true,
  reason: true,
});
export const LIST_OPTIONS = callOptionNames<ListDeadLettersOptions>({ limit: true, after: true });

const MAX_REQUESTS_PER_CALL = 10_000;
const DEFAULT_WAIT_MS = 30_000;
/** A day. */
const MAX_WAIT_MS = 86_400_000;
const MAX_REASON_LENGTH = 1_000;
const MAX_ID_LENGTH = 100;

/** @throws {InvalidCallOptionError} */
export function toLeaseMs(leaseSeconds: number): number {
  return Math.ceil(inRange('leaseSeconds', leaseSeconds, MIN_LEASE_SECONDS, MAX_LEASE_SECONDS) * 1000);
}

/** @throws {InvalidCallOptionError} */
export function toDelayMs(delaySeconds: number): number {
  return Math.ceil(inRange('delaySeconds', delaySeconds, 0, MAX_LEASE_SECONDS) * 1000);
}

/** @throws {InvalidCallOptionError} */
export function checkedWaitMs(timeoutMs: number | undefined): number {
  return inRange('timeoutMs', timeoutMs ?? DEFAULT_WAIT_MS, 0, MAX_WAIT_MS);
}

/** @throws {InvalidCallOptionError} */
export function checkedCount(field: string, count: number): number {
  if (Number.isInteger(count)) return inRange(field, count, 1, MAX_REQUESTS_PER_CALL);
  throw new InvalidCallOptionError(field, 'must be a whole number');
}

/** @throws {InvalidCallOptionError} */
export function checkedId(id: string, field = 'id'): string {
  if (typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH) return id;
  throw new InvalidCallOptionError(field, 'must be an id that the queue returned');
}

/** @throws {InvalidCallOptionError} */
export function checkedIds(ids: readonly string[]): readonly string[] {
  for (const [index, id] of checkedList('ids', ids).entries()) checkedId(id, `ids[${index}]`);
  return ids;
}

/** @throws {InvalidCallOptionError} */
export function checkedList<T>(field: string, list: readonly T[]): readonly T[] {
  if (Array.isArray(list) && list.length <= MAX_REQUESTS_PER_CALL) return list;
  throw new InvalidCallOptionError(field, `must be a list of at most ${MAX_REQUESTS_PER_CALL}`);
}

/** Cuts a reason that is too long: it is for people to read. */
export function toReason(reason: string): string {
  return String(reason).slice(0, MAX_REASON_LENGTH).toWellFormed();
}

function inRange(field: string, value: number, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw new InvalidCallOptionError(field, `must be a number from ${min} to ${max}`);
}
