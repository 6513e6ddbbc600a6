/** The first pause between two attempts to connect, in milliseconds. */
export const MIN_RETRY_MS = 50;

/** Returns the value of the promise, or `otherwise` if it rejects or takes longer than `ms` milliseconds. */
export function atMost<T>(ms: number, promise: Promise<T>, otherwise: T): Promise<T> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(otherwise), ms);
    const settle = (value: T): void => {
      clearTimeout(timer);
      resolve(value);
    };
    promise.then(settle, () => settle(otherwise));
  });
}

/** The pause before the next attempt after `failures` failures, in milliseconds: doubles up to a cap; half is jitter. */
export function backOffMs(failures: number, firstMs: number, maxMs: number, random = Math.random): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(Math.max(0, failures - 1), 30));
  return ceiling / 2 + (ceiling / 2) * random();
}

/** The pause before an attempt to connect; the default cap is low enough to find Redis again within a second. */
export function retryDelay(attempt: number, maxMs = 400): number {
  return backOffMs(attempt, MIN_RETRY_MS, maxMs);
}
