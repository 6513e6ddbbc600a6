/** How `getOrSet` behaves; each can be a default of the module (`getOrSet`) and be set per call. */
export interface GetOrSetDefaults {
  /** TTL of the value, in seconds. Default: the module's `ttlSeconds`, 3,600. */
  ttlSeconds?: number;
  /**
   * Shortens each TTL by a random part of it, up to this ratio (0 to 1), so that entries that were written
   * together do not expire together. Default 0.
   */
  jitterRatio?: number;
  /**
   * How long past its TTL a value may still be served, in seconds: when the factory fails, or is slower
   * than `softTimeoutMs`. Default 0: never.
   */
  staleSeconds?: number;
  /**
   * How long a caller waits for the factory while a stale value is at hand, in milliseconds; then it gets
   * that value and the factory goes on. 0 is stale-while-revalidate. Default: as long as the factory takes.
   */
  softTimeoutMs?: number;
  /**
   * How long a factory may run, in milliseconds; then its signal aborts and it counts as failed with
   * `FactoryTimeoutError`. Default: no limit.
   */
  hardTimeoutMs?: number;
  /**
   * Part of the TTL, 0 to 1, after which a hit starts one refresh in the background, one in all
   * processes. Default: never.
   */
  refreshAhead?: number;
  /**
   * How long a failure is kept instead of a value, in seconds, so that it is not repeated at once; a
   * function chooses by the error, 0 for not at all. Default 0.
   */
  negativeTtlSeconds?: number | ((error: unknown) => number);
  /**
   * How long after a failed refresh callers keep to the stale value before the next attempt, in
   * milliseconds, counted from the failure. Default 5,000.
   */
  failureBackoffMs?: number;
  /** Whether a value is worth storing; one that is not still reaches every caller. Default: all are. */
  shouldCache?: (value: unknown) => boolean;
  /** Whether processes that share Redis compute a key only once between them. Default `true`. */
  crossProcess?: boolean;
  /**
   * How long a process that died while computing holds the others up, in milliseconds; renewed while the
   * factory runs, so that it may take longer. Default 5,000.
   */
  leaseMs?: number;
}

/** Options of one call of `getOrSet`. */
export interface GetOrSetOptions extends GetOrSetDefaults {
  /** Names under which the entry can be invalidated, 16 at most, 256 characters each. */
  tags?: readonly string[];
  /** Leaves the wait; the factory's signal aborts when the last caller has left. */
  signal?: AbortSignal;
  /** `no-cache`: compute anew, whatever is stored. Default `cache`. */
  readPolicy?: 'cache' | 'no-cache';
  /** `no-store`: do not store the result. Default `cache`. */
  writePolicy?: 'cache' | 'no-store';
}

/** What a ticket says of the value that is to be stored by it; each defaults to the module's `getOrSet`. */
export type TicketOptions = Pick<
  GetOrSetOptions,
  'ttlSeconds' | 'jitterRatio' | 'staleSeconds' | 'leaseMs' | 'tags'
>;

/** Options of work that is done by a ticket; TTL, tags and lease are in the ticket. */
export type ResumeOptions = Pick<GetOrSetOptions, 'shouldCache' | 'hardTimeoutMs' | 'signal'>;
