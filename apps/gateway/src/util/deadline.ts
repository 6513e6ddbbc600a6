import { setTimeout as sleep } from 'node:timers/promises';

/** Returned by {@link within} when the time is over. */
export const LATE = Symbol('late');

/** Resolves to the promise's value, or to {@link LATE} after `ms` milliseconds. Rejects if the promise rejects first. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | typeof LATE> {
  const timer = new AbortController();
  const late = sleep<typeof LATE>(ms, LATE, { signal: timer.signal }).catch((): typeof LATE => LATE);
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

/** How long metrics and the page wait for a value that may come from Redis, in milliseconds. */
const READ_DEADLINE_MS = 1_000;

/** Resolves to the promise's value, or to `null` if it rejects or takes longer than `ms`. Never rejects. */
export async function inTime<T>(promise: Promise<T>, ms: number = READ_DEADLINE_MS): Promise<T | null> {
  const value = await within(promise, ms).catch(() => null);
  return value === LATE ? null : value;
}
