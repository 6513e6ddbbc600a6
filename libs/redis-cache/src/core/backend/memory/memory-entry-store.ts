import { LRUCache } from 'lru-cache';
import type { ClearCursor, EntryStore } from '../backend.js';

/** What an entry costs beside its key and its bytes, roughly: the map's slot and two objects. */
const ENTRY_OVERHEAD_BYTES = 128;

/** Of an entry's flags, its second byte. */
const FAILURE_FLAG = 2;

/** Entries in this process: least recently used ones give way when `maxBytes` is reached. */
export class MemoryEntryStore implements EntryStore {
  readonly #entries: LRUCache<string, Buffer>;

  constructor(
    maxBytes: number,
    now: () => number,
    /** Told which keys lose their lease; all when there is no key. */
    private readonly onRevoke: (key?: string) => void = () => {},
  ) {
    this.#entries = new LRUCache<string, Buffer>({
      maxSize: maxBytes,
      sizeCalculation: (entry, key) => entry.byteLength + 2 * key.length + ENTRY_OVERHEAD_BYTES,
      ttlAutopurge: false,
      // Zero: read the clock at every look-up, so that no entry outlives its TTL by a moment.
      ttlResolution: 0,
      perf: { now },
    });
  }

  async get(key: string): Promise<Buffer | null> {
    return this.find(key);
  }

  /** Like `get`, at once. */
  find(key: string): Buffer | null {
    return this.#entries.get(key) ?? null;
  }

  async set(key: string, entry: Buffer, ttlMs: number): Promise<void> {
    this.#entries.set(key, entry, { ttl: ttlMs });
    // Stale ones count: a very short TTL may be over already.
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
}

function isYounger(there: Buffer, entry: Buffer): boolean {
  const isValue = there[0] === entry[0] && (there[1]! & FAILURE_FLAG) === 0;
  return isValue && there.subarray(2, 8).compare(entry.subarray(2, 8)) > 0;
}
