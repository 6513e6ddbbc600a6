import type { LinkListener } from '../connection/redis-connection.js';
import type { ArrivalChannel, QueueStore } from './queue-store.js';
import type { StreamStore } from './stream-store.js';

export type { LinkListener };

/** Where the next page of a clearing starts; opaque to everyone but the backend. */
export type ClearCursor = string;

/** A part of the keys of a cache. */
export interface KeyPage {
  readonly keys: string[];
  /** Where the next page starts; `null` after the last one. */
  readonly cursor: string | null;
}

/** Stores cache entries as opaque bytes. */
export interface EntryStore {
  get(key: string): Promise<Buffer | null>;
  /** `ttlMs` is a positive integer. */
  set(key: string, entry: Buffer, ttlMs: number): Promise<unknown>;
  /** Stores the entry unless a younger value is stored; a failure counts as older. Returns whether it was stored. */
  setUnlessYounger(key: string, entry: Buffer, ttlMs: number): Promise<boolean>;
  /** Deletes the entries and revokes the leases of running computations for them. */
  delete(keys: readonly string[]): Promise<unknown>;
  /**
   * Deletes the entry only if it still is `bytes`; those of a large one may be compared by their first 64 KiB and their
   * length. Returns how many were deleted.
   */
  discard(key: string, bytes: Buffer): Promise<number>;
  /** Deletes the value of the key if it is not a string, such as a list of another program. Returns how many were deleted. */
  discardForeign(key: string): Promise<number>;
  /** Deletes a page of this cache's leases and entries, leases first, never anything else. `null` after the last page. */
  clearPage(cursor: ClearCursor | null): Promise<ClearCursor | null>;
  /**
   * Returns a page of the keys that begin with `prefix`. A key that exists from the first page to the last is in at least
   * one of them, and may be in several.
   */
  keyPage(prefix: string, cursor: ClearCursor | null): Promise<KeyPage>;
}

/**
 * The storage of the cache and the queue. Every method may reject: a backend neither hides nor retries a
 * failure, which is the guard's task.
 */
export interface Backend {
  readonly kind: 'redis' | 'memory';
  readonly entries: EntryStore;
  readonly queue: QueueStore;
  readonly leases: LeaseStore;
  readonly tags: TagStore;
  readonly counters: CounterStore;
  readonly streams: StreamStore;
  readonly events: EventChannel;
  readonly arrivals: ArrivalChannel;
  /** Changes when the server restarts, which may have lost its data; `undefined` when unknown. */
  readonly serverId?: string;
  /** Sets the only listener, which is notified of the current state at once if that is known. */
  watch(listener: LinkListener): void;
  /** A round trip. */
  ping(): Promise<unknown>;
  /** A round trip that fails when writes are refused. */
  pingWrite(): Promise<unknown>;
  /** `maxmemory-policy` of the server; empty if the server does not report it. Only for a store that may evict. */
  evictionPolicy?(): Promise<string>;
  /** Drops the current connection and opens a new one. */
  reconnect(): void;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}

/**
 * Versions of tags. An entry carries the versions that its tags had before its value was computed, and is
 * invalid once one of them has changed or is gone. The cost of an invalidation does not depend on the number
 * of entries with the tag. A version that the server evicts invalidates those entries; it never revives one.
 */
export interface TagStore {
  /** The tags' versions; a tag without one gets one, kept for at least `keepMs`. */
  ensure(tags: readonly string[], keepMs: number): Promise<string[]>;
  /** The tags' versions; `null` for a tag without one. */
  read(tags: readonly string[]): Promise<(string | null)[]>;
  invalidate(tags: readonly string[]): Promise<unknown>;
}

/** The result of an attempt to acquire a lease. */
export type LeaseAttempt =
  | { state: 'acquired' }
  /** Another computation is running. */
  | { state: 'held'; holder: string }
  /** The last computation failed recently: a caller with a stale value should use it for now. */
  | { state: 'failed'; failure: string }
  /** An entry has been written since the caller's last read. */
  | { state: 'entry'; bytes: Buffer };

/** The state of another holder's computation. */
export type LeaseOutcome =
  | { state: 'held'; holder: string }
  | { state: 'entry'; bytes: Buffer }
  | { state: 'failed'; failure: string }
  /** It succeeded with a value that must not be stored. */
  | { state: 'value'; json: string }
  /** The holder released its lease or let it expire: the next caller may acquire it. */
  | { state: 'gone' };

/**
 * The result of joining a computation.
 * - `adopted`: the token still holds the lease; the original holder ends it
 * - `taken`: the lease was free and now belongs to the new token
 * - `held`: another computation holds the lease
 */
export type LeaseAdoption = 'adopted' | 'taken' | 'held';

/**
 * Leases allow at most one computation per key at a time across all processes. A token identifies the holder;
 * its writes have no effect once it has lost the lease, so that a holder that was frozen never overwrites its
 * successor (Kleppmann, "How to do distributed locking", 2016, on fencing).
 *
 * `seen` is the header of the entry that the caller has read, `null` if there was none.
 */
export interface LeaseStore {
  acquire(key: string, token: string, leaseMs: number, request: LeaseRequest): Promise<LeaseAttempt>;
  /** Returns `false` if the lease is lost. */
  renew(key: string, token: string, leaseMs: number): Promise<boolean>;
  /** Returns the state of the computation of `holder`. */
  peek(key: string, holder: string, seen: Buffer | null): Promise<LeaseOutcome>;
  /** Stores the entry and ends the lease. Returns `false` if the lease is lost and nothing was stored. */
  complete(key: string, token: string, entry: Buffer, ttlMs: number): Promise<boolean>;
  /**
   * Stores the entry, a failure, and ends the lease. An entry written since `seen` is a value, and is kept instead.
   * Returns the same as `complete`.
   */
  completeFailed(
    key: string,
    token: string,
    failure: Buffer,
    ttlMs: number,
    seen: Buffer | null,
  ): Promise<boolean>;
  /**
   * Joins the computation of `token` and renews its lease for `leaseMs`. If no computation is running, `next`
   * acquires the lease. With `null` there is no computation to join.
   */
  adopt(key: string, token: string | null, next: string, leaseMs: number): Promise<LeaseAdoption>;
  /** Stores the entry and keeps the lease, which its original holder ends. Returns the same as `complete`. */
  put(key: string, token: string, entry: Buffer, ttlMs: number): Promise<boolean>;
  /** Ends the lease with a failure, which waiters can read for `keepMs`. */
  fail(key: string, token: string, failure: string, keepMs: number): Promise<boolean>;
  /** Ends the lease with a value that is not stored, and which waiters can read for `keepMs`. */
  share(key: string, token: string, json: string, keepMs: number): Promise<boolean>;
  /** Ends the lease without an outcome. */
  release(key: string, token: string): Promise<boolean>;
}

export interface LeaseRequest {
  seen: Buffer | null;
  /** The caller has a stale value, which it prefers to another attempt right after a failure. */
  hasStale: boolean;
  /** The caller needs a new value whatever is stored or running: it takes the lease from its holder. */
  force: boolean;
}

/** Identifies an addition, so that one that is sent twice is counted once. */
export interface TallyBatch {
  /** Identifies the process, such as a UUID. */
  writer: string;
  /** Grows with each batch of the writer. */
  sequence: number;
}

/** The state of a time window. */
export interface WindowCount {
  /** Sum of the amounts since the window began, the latest included. */
  count: number;
  /** Milliseconds until the window ends. */
  resetMs: number;
}

/** How many calls are allowed within a time window. */
export interface CallLimit {
  /** Calls within a window; 0 allows none. */
  limit: number;
  /** Length of the window in milliseconds; it begins with the first call. */
  windowMs: number;
  /** How long calls are refused after the limit was exceeded, in milliseconds; 0: until the window ends. */
  blockMs: number;
}

/** The state of a limit after a call. */
export interface LimitCount {
  /** Calls since the window began, the latest included; calls during a block are not counted. */
  count: number;
  /** Milliseconds until the window ends, or the block if there is one. */
  resetMs: number;
  /** Whether the call is refused. */
  blocked: boolean;
}

/** Numbers that several processes add to. */
export interface CounterStore {
  /**
   * Adds to fields of a tally, all or none. With a batch, only if the writer has added neither this one nor a
   * later one. Returns whether the amounts were added.
   */
  add(name: string, increments: ReadonlyMap<string, number>, batch?: TallyBatch): Promise<boolean>;
  /** Returns every field of a tally; empty if nothing has been added. */
  read(name: string): Promise<Map<string, number>>;
  /** Adds to a window that begins with the first amount and ends `windowMs` later. */
  countInWindow(name: string, windowMs: number, amount: number): Promise<WindowCount>;
  /** Counts one call. The first call above the limit begins a block; the count begins again after it. */
  countLimited(name: string, limit: CallLimit): Promise<LimitCount>;
}

/**
 * Events from the processes that share a cache, and from the server.
 * - `ended`: a computation of the key has ended; `own`: in this process
 * - `pieces`: the log of a computation of the key has new records, and somebody reads it
 * - `changed`: the entry was written, deleted, evicted, or has expired
 * - `invalidated`: the tag has a new version
 * - `flushed`: anything may have changed
 * - `up`, `down`: from now on every event is received, or none is
 * - `refused`: the server refuses to report changes
 */
export type CacheEvent =
  | { type: 'changed' | 'pieces'; key: string }
  | { type: 'ended'; key: string; own?: boolean }
  | { type: 'invalidated'; tag: string }
  | { type: 'flushed' | 'up' | 'down' | 'refused' };

export type CacheEventListener = (event: CacheEvent) => void;

/** Receives events while it is connected; those of other times are lost. */
export interface EventChannel {
  /** Starts to listen on a connection of its own. A listener that comes while that is up receives `up` at once. */
  listen(listener: CacheEventListener): void;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}
