import { LRUCache } from 'lru-cache';
import { ownCopy } from '../../util/own-copy.js';
import type { ClearCursor, EntryStore, KeyPage } from '../backend.js';

/** Approximate cost of an entry in addition to its key and bytes: a slot of the map and two objects. */
const ENTRY_OVERHEAD_BYTES = 128;

/** A bit of the flags, the second byte of an entry. */
const FAILURE_FLAG = 2;

/** Entries in this process; at `maxBytes` the least recently used are dropped first. */
export class MemoryEntryStore implements EntryStore {
  readonly #entries: LRUCache<string, Buffer>;

  constructor(
    maxBytes: number,
    now: () => number,
    /** Is called with a key that loses its lease, or without one when all do. */
    private readonly onRevoke: (key?: string) => void = () => {},
  ) {
    this.#entries = new LRUCache<string, Buffer>({
      maxSize: maxBytes,
      sizeCalculation: (entry, key) => entry.byteLength + 2 * key.length + ENTRY_OVERHEAD_BYTES,
      ttlAutopurge: false,
      // 0: read the clock at every look-up, so that no entry outlives its TTL.
      ttlResolution: 0,
      perf: { now },
    });
  }

  async get(key: string): Promise<Buffer | null> {
    return this.find(key);
  }

  /** Like `get`, but synchronous. */
  find(key: string): Buffer | null {
    return this.#entries.get(key) ?? null;
  }

  async set(key: string, entry: Buffer, ttlMs: number): Promise<void> {
    this.#entries.set(key, ownCopy(entry), { ttl: ttlMs });
    // Stale entries count: a very short TTL may already have passed.
    if (!this.#entries.peek(key, { allowStale: true }))
      throw new Error(`an entry of ${entry.byteLength} bytes does not fit`);
  }

  async setUnlessYounger(key: string, entry: Buffer, ttlMs: number): Promise<boolean> {
    const found = this.#entries.peek(key);
    const younger = found !== undefined && isYounger(found, entry);
    if (!younger) await this.set(key, entry, ttlMs);
    return !younger;
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.#entries.delete(key);
      this.onRevoke(key);
    }
  }

  async discard(key: string, bytes: Buffer): Promise<number> {
    const found = this.#entries.peek(key);
    return found?.equals(bytes) ? Number(this.#entries.delete(key)) : 0;
  }

  async discardForeign(): Promise<number> {
    return 0;
  }

  async clearPage(): Promise<ClearCursor | null> {
    this.#entries.clear();
    this.onRevoke();
    return null;
  }

  async keyPage(prefix: string): Promise<KeyPage> {
    return { keys: [...this.#entries.keys()].filter((key) => key.startsWith(prefix)), cursor: null };
  }
}

function isYounger(there: Buffer, entry: Buffer): boolean {
  const isValue = there[0] === entry[0] && (there[1]! & FAILURE_FLAG) === 0;
  return isValue && there.subarray(2, 8).compare(entry.subarray(2, 8)) > 0;
}
