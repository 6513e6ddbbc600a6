import type { LinkListener } from '../connection/redis-connection.js';
import type { CounterStore } from './counter-store.js';
import type { EventChannel } from './event-channel.js';
import type { LeaseStore } from './lease-store.js';
import type { ArrivalChannel, QueueStore } from './queue-store.js';
import type { TagStore } from './tag-store.js';

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
