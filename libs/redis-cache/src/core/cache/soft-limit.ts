/** The result of a wait that ended at its soft limit. */
export const SOFT_LIMIT = Symbol('soft limit');

/** Waits for the promise, but no longer than `ms` milliseconds; without a number for as long as it takes. */
export function atSoftLimit<T>(promise: Promise<T>, ms: number | undefined): Promise<T | typeof SOFT_LIMIT> {
  if (ms === undefined) return promise;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(SOFT_LIMIT), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
