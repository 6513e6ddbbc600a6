/** What asking for a lease found. */
export type LeaseAttempt =
  | { state: 'acquired' }
  /** Somebody computes already. */
  | { state: 'held'; holder: string }
  /** The last computation failed a moment ago: whoever has a stale value should keep to it for now. */
  | { state: 'failed'; failure: string }
  /** An entry was written since the caller looked. */
  | { state: 'entry'; bytes: Buffer };

/** What has become of a computation that somebody else does. */
export type LeaseOutcome =
  | { state: 'held'; holder: string }
  | { state: 'entry'; bytes: Buffer }
  | { state: 'failed'; failure: string }
  /** It succeeded with a value that is not to be stored. */
  | { state: 'value'; json: string }
  /** The holder gave up, or its lease ran out: the next may try. */
  | { state: 'gone' };

/**
 * How one who continues a computation stands to its lease.
 * - `adopted`: the token still holds it; the one who began ends it
 * - `taken`: it was free, and belongs to the new token
 * - `held`: another computation has it
 */
export type LeaseAdoption = 'adopted' | 'taken' | 'held';

/**
 * Leases: at most one computation per key at a time, in all processes. A holder is known by its token;
 * what it does after it has lost the lease has no effect, which is what keeps a holder that was frozen
 * from overwriting its successor (Kleppmann, "How to do distributed locking", 2016, on fencing).
 *
 * `seen` is the header of the entry as the caller saw it, `null` when there was none.
 */
export interface LeaseStore {
  acquire(key: string, token: string, leaseMs: number, request: LeaseRequest): Promise<LeaseAttempt>;
  /** `false`: lost. */
  renew(key: string, token: string, leaseMs: number): Promise<boolean>;
  /** Looks what became of the computation of `holder`. */
  peek(key: string, holder: string, seen: Buffer | null): Promise<LeaseOutcome>;
  /** Stores the entry and ends the lease; `false`: lost, and nothing was stored. */
  complete(key: string, token: string, entry: Buffer, ttlMs: number): Promise<boolean>;
  /**
   * Stores the entry, a failure, and ends the lease; an entry that came since `seen` is a value, and stays in its
   * place. `false`: as for `complete`.
   */
  completeFailed(
    key: string,
    token: string,
    failure: Buffer,
    ttlMs: number,
    seen: Buffer | null,
  ): Promise<boolean>;
  /**
   * Joins the computation of `token`, which is renewed for `leaseMs`; when nobody computes, `next` gets the
   * lease. Without a token (`null`) there is nothing to join.
   */
  adopt(key: string, token: string | null, next: string, leaseMs: number): Promise<LeaseAdoption>;
  /** Stores the entry and lets the lease go on: ending it is for the one who began. `false`: as for `complete`. */
  put(key: string, token: string, entry: Buffer, ttlMs: number): Promise<boolean>;
  /** Ends the lease with a failure, which those who wait get to hear for `keepMs`. */
  fail(key: string, token: string, failure: string, keepMs: number): Promise<boolean>;
  /** Ends the lease with a value that is not stored, and which those who wait get for `keepMs`. */
  share(key: string, token: string, json: string, keepMs: number): Promise<boolean>;
  /** Ends the lease without an outcome. */
  release(key: string, token: string): Promise<boolean>;
}

export interface LeaseRequest {
  seen: Buffer | null;
  /** The caller has a stale value, and would rather keep it than try again right after a failure. */
  hasStale: boolean;
  /** The caller wants a new value, whatever is stored or under way: it takes the lease from its holder. */
  force: boolean;
}
