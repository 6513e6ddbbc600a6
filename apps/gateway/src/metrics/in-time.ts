/** How long something that may have to ask Redis is waited for, in milliseconds. */
const DEADLINE_MS = 1_000;

/** What a promise resolves to; `null` if it rejects or takes too long: whoever watches must not fail by it. */
export function inTime<T>(asked: Promise<T>, deadlineMs: number = DEADLINE_MS): Promise<T | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), deadlineMs);
    const settle = (value: T | null): void => {
      clearTimeout(timer);
      resolve(value);
    };
    asked.then(settle, () => settle(null));
  });
}
