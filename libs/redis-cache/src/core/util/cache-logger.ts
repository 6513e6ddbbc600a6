/** Receives the cache's log lines: one line per change of state, not one per call. */
export interface CacheLogger {
  /** A return to normal. */
  log(message: string): void;
  /** A fault that the cache works around. */
  warn(message: string): void;
}

/**
 * Logger of a cache outside Nest: writes lines such as `[RedisCache] warn: Redis is unavailable (ECONNREFUSED); …`
 * to stderr, so that stdout stays the program's own.
 *
 * @param label what the lines are marked with
 */
export function consoleLogger(label: string): CacheLogger {
  return {
    log: (message) => console.error(`[${label}] info: ${message}`),
    warn: (message) => console.error(`[${label}] warn: ${message}`),
  };
}
