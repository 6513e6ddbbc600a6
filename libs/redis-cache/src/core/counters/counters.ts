/** Totals since this instance was created. Every field only increases. */
export interface RedisCacheCounters {
  /** Reads that returned a value. */
  hits: number;
  /** Hits that were served from the near copy of this process; included in `hits`. */
  nearHits: number;
  /** Reads that found nothing. */
  misses: number;
  /** Calls of `getOrSet` that returned a value past its TTL. */
  stale: number;
  /** Calls of `getOrSet` that shared the computation of another call, in this or another process. */
  collapsed: number;
  /** Responses stored. */
  writes: number;
  /** Responses that were not stored: Redis was unavailable or refused, or JSON cannot express the value. */
  failedWrites: number;
  /** Computed values that were stored once Redis was back. */
  lateWrites: number;
  /** Computed values that were dropped from the write-behind buffer before Redis was back. */
  droppedWrites: number;
  /** Entries and requests that could not be read, and were removed. */
  corrupt: number;
  /** Entries, requests and other stored data that could not be decrypted; they are left where they are. */
  undecryptable: number;
  /** Requests appended to a queue. */
  queued: number;
  /** Requests removed by `dequeueRequest`, `dequeueRequests` and `waitForRequest`. */
  dequeued: number;
  /** Deliveries of reserved requests; a redelivery counts again. */
  reserved: number;
  /** Reserved requests that were acknowledged. */
  acknowledged: number;
  /** Reserved requests that were released. */
  released: number;
  /** Reserved requests that this process made dead letters. */
  dead: number;
  /** Operations that returned their fallback without a command to Redis. */
  bypassed: number;
  /** Operations without a reply within `commandTimeoutMs`. */
  timeouts: number;
  /** Operations that failed with an error reply or a lost connection. */
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
    undecryptable: 0,
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
