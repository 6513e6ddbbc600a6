import type { EntryStore } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import type { RedisCacheCounters } from '../counters/counters.js';

export interface WriteBehindLimits {
  maxEntries: number;
  maxBytes: number;
}

interface Pending {
  entry: Buffer;
  /** When Redis is to expire it, in epoch milliseconds. */
  until: number;
}

/**
 * Entries that could not be written because Redis was unavailable. They are written when it is back, each with the
 * rest of its TTL, unless a younger entry is stored by then. Bounded: the oldest are dropped first.
 */
export class WriteBehind {
  readonly #pending = new Map<string, Pending>();
  #bytes = 0;
  #draining = false;

  constructor(
    private readonly entries: EntryStore,
    private readonly guard: Guard,
    private readonly counters: RedisCacheCounters,
    private readonly limits: WriteBehindLimits,
    private readonly now: () => number,
    /** Sends what must reach Redis before a late write; `false` if that failed. */
    private readonly before: () => Promise<boolean> = async () => true,
  ) {
    guard.onWritable(() => void this.drain());
  }

  get size(): number {
    return this.#pending.size;
  }

  add(key: string, entry: Buffer, until: number): void {
    this.drop(key);
    this.#pending.set(key, { entry, until });
    this.#bytes += entry.byteLength;
    this.#shrink();
  }

  /** Drops the entry of a key that was written or deleted since. */
  drop(key: string): void {
    const pending = this.#pending.get(key);
    if (!pending) return;
    this.#pending.delete(key);
    this.#bytes -= pending.entry.byteLength;
  }

  clear(): void {
    this.#pending.clear();
    this.#bytes = 0;
  }

  /** Writes the entries one after the other; stops when Redis accepts none. */
  async drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    const isReady = await this.before();
    if (isReady) await this.#writeAll();
    this.#draining = false;
  }

  async #writeAll(): Promise<void> {
    for (const [key, pending] of this.#pending) {
      const written = await this.#write(key, pending);
      if (written && this.#pending.get(key) === pending) this.drop(key);
      // An entry that Redis refuses, because another program keeps a list under its key, must not block the rest.
      if (!written && !this.guard.status.writable) break;
    }
  }

  async #write(key: string, { entry, until }: Pending): Promise<boolean> {
    const left = until - this.now();
    if (left <= 0) return true;
    const write = (): Promise<boolean> => this.entries.setUnlessYounger(key, entry, left).then(() => true);
    const written = await this.guard.runWrite(write, false);
    if (written) this.counters.lateWrites += 1;
    return written;
  }

  #shrink(): void {
    const { maxEntries, maxBytes } = this.limits;
    for (const key of this.#pending.keys()) {
      if (this.#pending.size <= maxEntries && this.#bytes <= maxBytes) return;
      this.drop(key);
      this.counters.droppedWrites += 1;
    }
  }
}
