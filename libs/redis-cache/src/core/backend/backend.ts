import type { LinkListener } from '../connection/redis-connection.js';
import type { ArrivalChannel, QueueStore } from './queue-store.js';

export type { LinkListener };

/** Where a clearing goes on; made and read by the backend alone. */
export type ClearCursor = string;

/** Keeps cache entries as opaque bytes. */
export interface EntryStore {
  get(key: string): Promise<Buffer | null>;
  /** `ttlMs` is a positive integer. */
  set(key: string, entry: Buffer, ttlMs: number): Promise<unknown>;
  /** Stores the entry unless a younger value stands there; a failure counts as older. Answers whether it was stored. */
  setUnlessYounger(key: string, entry: Buffer, ttlMs: number): Promise<boolean>;
  /** Deletes the entries, and revokes the leases of computations that are under way for them. */
  delete(keys: readonly string[]): Promise<unknown>;
  /** Deletes the entry only while it still is `bytes`. Answers how many were deleted. */
  discard(key: string, bytes: Buffer): Promise<number>;
  /** Deletes what stands under the key if it is no entry at all, such as a list of another program. */
  discardForeign(key: string): Promise<number>;
  /** Deletes a page of this cache's leases and entries, leases first, never anything else. `null` after the last page. */
  clearPage(cursor: ClearCursor | null): Promise<ClearCursor | null>;
}

/**
 * What the cache and the queue stand on. Every method may reject; a backend makes no attempt to hide
 * or retry a failure. That is the guard's work, in one place.
 */
export interface Backend {
  readonly kind: 'redis' | 'memory';
  readonly entries: EntryStore;
  readonly queue: QueueStore;
  readonly leases: LeaseStore;
  readonly tags: TagStore;
  readonly counters: CounterStore;
  readonly events: EventChannel;
  readonly arrivals: ArrivalChannel;
  /** Changes when a server was started anew, which may have cost it its data; `undefined` when unknown. */
  readonly serverId?: string;
  /** Names the one listener; it is told the present state at once if that is known. */
  watch(listener: LinkListener): void;
  /** A round trip. */
  ping(): Promise<unknown>;
  /** A round trip that fails when writes are refused. */
  pingWrite(): Promise<unknown>;
  /** Gives up the present connection and opens a new one. */
  reconnect(): void;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}

/**
 * Versions of tags. An entry carries those of its tags that held before its value was computed; once one
 * of them has changed or is gone, the entry is no longer valid. Invalidating costs the same however many
 * entries carry the tag, and a version that the server evicts invalidates rather than revives.
 */
export interface TagStore {
  /** The tags' versions; a tag without one gets one, kept for at least `keepMs`. */
  ensure(tags: readonly string[], keepMs: number): Promise<string[]>;
  /** The tags' versions; `null` for a tag without one. */
  read(tags: readonly string[]): Promise<(string | null)[]>;
  invalidate(tags: readonly string[]): Promise<unknown>;
}

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

/** Says which addition this is, so that one that is sent again is not counted again. */
export interface TallyBatch {
  /** Who counts: one text per process, such as a UUID. */
  writer: string;
  /** Grows with each batch of the writer. */
  sequence: number;
}

/** Where a window of time stands. */
export interface WindowCount {
  /** How much was counted since the window began, this time included. */
  count: number;
  /** Milliseconds until the window ends. */
  resetMs: number;
}

/** Keeps numbers that several processes add to. */
export interface CounterStore {
  /**
   * Adds to fields of a tally, all or none. With a batch, only if the writer has not added this one or a
   * later one before. Answers whether it was added.
   */
  add(name: string, increments: ReadonlyMap<string, number>, batch?: TallyBatch): Promise<boolean>;
  /** Every field of a tally; empty when nothing was added yet. */
  read(name: string): Promise<Map<string, number>>;
  /** Counts within a window that begins with the first count and ends `windowMs` later. */
  countInWindow(name: string, windowMs: number, amount: number): Promise<WindowCount>;
}

/**
 * What is heard from the processes that share a cache, and from the server.
 * - `ended`: a computation of the key has ended; `own`: in this process
 * - `changed`: the entry was written, deleted, evicted, or has expired
 * - `invalidated`: the tag has a new version
 * - `flushed`: anything may have changed
 * - `up`, `down`: from now on everything is heard, or nothing is
 * - `refused`: the server will not say what changes
 */
export type CacheEvent =
  | { type: 'changed'; key: string }
  | { type: 'ended'; key: string; own?: boolean }
  | { type: 'invalidated'; tag: string }
  | { type: 'flushed' | 'up' | 'down' | 'refused' };

export type CacheEventListener = (event: CacheEvent) => void;

/** Hears events as long as its connection stands; none is kept for later. */
export interface EventChannel {
  /** Begins to listen, on a connection of its own. */
  listen(listener: CacheEventListener): void;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}
