/**
 * Base of all errors that this package throws. Faults of Redis are never thrown: they become the
 * documented fallback values. What is thrown is wrong use, and wrong options at the start.
 */
export abstract class RedisCacheError extends Error {
  /** Stable code, such as `ERR_CACHE_INVALID_KEY`. */
  abstract readonly code: string;

  constructor(
    /** Name of the offending argument or option, such as `ttlSeconds` or `connection.port`. */
    readonly field: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${field} ${problem}`, options);
    this.name = new.target.name;
  }
}
