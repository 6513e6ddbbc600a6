/** What happened since the start of this instance. Every field only ever grows. */
export interface RedisCacheCounters {
  /** Reads answered with a value. */
  hits: number;
  /** Those of the hits that this process's own copy answered. */
  nearHits: number;
  /** Reads that found nothing. */
  misses: number;
  /** Calls of `getOrSet` that were served a value past its TTL. */
  stale: number;
  /** Calls of `getOrSet` that got what another call computed, here or in another process. */
  collapsed: number;
  /** Responses stored. */
  writes: number;
  /** Responses that could not be stored: Redis unavailable or refusing, or not expressible as JSON. */
  failedWrites: number;
  /** Computed values that were stored later, once Redis was back. */
  lateWrites: number;
  /** Computed values that gave way before Redis was back. */
  droppedWrites: number;
  /** Entries and requests that could not be read, and were removed. */
  corrupt: number;
  /** Requests put into the queue. */
  queued: number;
  /** Requests taken from the queue for good, by `dequeueRequest` and its like. */
  dequeued: number;
  /** Requests reserved; one that is delivered again counts again. */
  reserved: number;
  /** Reserved requests that were acknowledged. */
  acknowledged: number;
  /** Reserved requests that were given back. */
  released: number;
  /** Reserved requests that this process made dead letters. */
  dead: number;
  /** Operations that were answered with their fallback without asking Redis. */
  bypassed: number;
  /** Operations that had no reply within `commandTimeoutMs`. */
  timeouts: number;
  /** Error replies and lost connections, while an operation waited. */
  errors: number;
  /** How often the circuit breaker opened. */
  trips: number;
}

/** All counters at zero. */
export function createCounters(): RedisCacheCounters {
  return {
    hits: 0,
    nearHits: 0,
    misses: 0,
    stale: 0,
    collapsed: 0,
    writes: 0,
    failedWrites: 0,
    lateWrites: 0,
    droppedWrites: 0,
    corrupt: 0,
    queued: 0,
    dequeued: 0,
    reserved: 0,
    acknowledged: 0,
    released: 0,
    dead: 0,
    bypassed: 0,
    timeouts: 0,
    errors: 0,
    trips: 0,
  };
}
