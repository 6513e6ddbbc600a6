import { setTimeout as sleep } from 'node:timers/promises';

/** What stands for an answer that is not there yet. */
export const LATE = Symbol('late');

/** The answer, or {@link LATE} when it takes longer than `ms` milliseconds. Rejects as the answer does. */
export async function within<T>(answer: Promise<T>, ms: number): Promise<T | typeof LATE> {
  const timer = new AbortController();
  const late = sleep<typeof LATE>(ms, LATE, { signal: timer.signal }).catch((): typeof LATE => LATE);
  try {
    return await Promise.race([answer, late]);
  } finally {
    timer.abort();
  }
}
