/** Returned by {@link within} when the time is over. */
export const LATE = Symbol('late');

/** Resolves to the promise's value, or to {@link LATE} after `ms` milliseconds. Rejects if the promise rejects first. */
export function within<T>(promise: Promise<T>, ms: number): Promise<T | typeof LATE> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(LATE), ms);
    // Not an aborted timer promise: its error with a stack took a third of the time of a hit.
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error as Error);
      },
    );
  });
}

/** How long metrics and the page wait for a value that may come from Redis, in milliseconds. */
const READ_DEADLINE_MS = 1_000;

/** Resolves to the promise's value, or to `null` if it rejects or takes longer than `ms`. Never rejects. */
export async function inTime<T>(promise: Promise<T>, ms: number = READ_DEADLINE_MS): Promise<T | null> {
  const value = await within(promise, ms).catch(() => null);
  return value === LATE ? null : value;
}
