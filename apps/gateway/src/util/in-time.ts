/** How long metrics and the page wait for a value that may come from Redis, in milliseconds. */
const DEADLINE_MS = 1_000;

/** Resolves to the promise's value, or to `null` if it rejects or takes longer than `deadlineMs`. Never rejects. */
export function inTime<T>(promise: Promise<T>, deadlineMs: number = DEADLINE_MS): Promise<T | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), deadlineMs);
    const settle = (value: T | null): void => {
      clearTimeout(timer);
      resolve(value);
    };
    promise.then(settle, () => settle(null));
  });
}
