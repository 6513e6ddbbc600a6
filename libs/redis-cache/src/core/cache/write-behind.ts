import type { EntryStore } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import type { RedisCacheCounters } from '../counters/counters.js';

export interface WriteBehindLimits {
  maxEntries: number;
  maxBytes: number;
}

interface Pending {
  entry: Buffer;
  /** When Redis should forget it, in epoch milliseconds. */
  until: number;
}

/**
 * Entries that could not be written because Redis was away. They are written when it is back, each for
 * what is left of its time, unless a younger one stands there by then. Bounded: the oldest give way.
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

  /** The key was written or deleted since: what waits for it is out of date. */
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

  /** Writes what waits, one after the other; stops when Redis takes nothing. */
  async drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    for (const [key, pending] of this.#pending) {
      const written = await this.#write(key, pending);
      if (written && this.#pending.get(key) === pending) this.drop(key);
      // One that Redis refuses, as where another program keeps a list, must not hold up the rest.
      if (!written && !this.guard.status.writable) break;
    }
    this.#draining = false;
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
