import { backOffMs } from 'nestjs-redis-connection';
import type { EntryStore } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import { ownCopy } from '../util/own-copy.js';

export interface WriteBehindLimits {
  maxEntries: number;
  maxBytes: number;
}

interface Pending {
  entry: Buffer;
  /** When Redis is to expire it, in epoch milliseconds. */
  until: number;
}

const MIN_RETRY_MS = 250;
const MAX_RETRY_MS = 30_000;
/** Refusals in one attempt, after which the rest waits for the next one. */
const MAX_REFUSALS = 10;

/**
 * Entries that could not be written because Redis was unavailable. They are written when it is back, and with a
 * back-off while it replies but refuses, for instance because of a missing right; each with the rest of its TTL, unless
 * a younger entry is stored by then. Bounded: the oldest are dropped first.
 */
export class WriteBehind {
  readonly #pending = new Map<string, Pending>();
  #bytes = 0;
  #draining = false;
  #attempts = 0;
  #timer: NodeJS.Timeout | undefined;

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
    this.#pending.set(key, { entry: ownCopy(entry), until });
    this.#bytes += entry.byteLength;
    this.#shrink();
    this.#drainLater();
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
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const isReady = await this.before();
    if (isReady) await this.#writeAll();
    this.#draining = false;
    if (this.#pending.size > 0) this.#drainLater();
    else this.#attempts = 0;
  }

  async #writeAll(): Promise<void> {
    let refusals = 0;
    // A copy, because refused entries move to the end.
    const attempted = [...this.#pending];
    for (const [key, pending] of attempted) {
      if (this.#pending.get(key) !== pending) continue;
      const written = await this.#write(key, pending);
      if (!written && !this.guard.status.writable) break;
      if (this.#pending.get(key) !== pending) continue;
      if (written) this.drop(key);
      else {
        this.#putLast(key, pending);
        if ((refusals += 1) === MAX_REFUSALS) break;
      }
    }
  }

  // An entry that Redis refuses, because another program keeps a list under its key, must not block the rest.
  #putLast(key: string, pending: Pending): void {
    this.#pending.delete(key);
    this.#pending.set(key, pending);
  }

  // While Redis is unavailable nothing is tried: its return is noticed.
  #drainLater(): void {
    if (!this.guard.status.writable || this.#draining || this.#timer !== undefined) return;
    this.#attempts += 1;
    const pauseMs = backOffMs(this.#attempts, MIN_RETRY_MS, MAX_RETRY_MS);
    this.#timer = setTimeout(() => void this.drain(), pauseMs).unref();
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
      this.guard.states.publish('late-write-dropped');
    }
  }
}
