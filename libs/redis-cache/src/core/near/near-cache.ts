import { LRUCache } from 'lru-cache';
import type { CacheEvent, EventChannel } from '../backend/backend.js';
import type { CacheLogger } from '../util/cache-logger.js';
import { deepFreeze } from '../util/json-value.js';
import type { EntryTimes } from '../entry/entry-envelope.js';
import { OwnWrites } from './own-writes.js';

/** A value to be kept as a near copy. */
export interface NearCopy {
  readonly value: unknown;
  readonly times: EntryTimes;
  readonly tags: readonly string[];
  /** Size of the stored entry. */
  readonly bytes: number;
}

/** A near copy: the copy of an entry in this process. */
export interface NearEntry extends Omit<NearCopy, 'bytes'> {
  /** The value, frozen and shared by all callers, as a promise that is created once, so that a hit creates none. */
  readonly promise: Promise<unknown>;
  readonly putAt: number;
}

/** A read of an entry, whose value becomes a near copy unless the entry changes meanwhile. */
export interface NearRead {
  keep(copy: NearCopy): void;
  /** There is nothing to keep. Idempotent. */
  end(): void;
}

/** A write of a computed value, which becomes a near copy unless the entry changes meanwhile. */
export interface NearWrite {
  /** The entry was stored. Without a copy, the entry is read back. */
  stored(copy?: () => NearCopy): void;
  /** The lease was released, and an entry with the same value was there. */
  there(): void;
  /** Not stored, or not confirmed. No effect after the others. Idempotent. */
  end(): void;
}

/** Copies of entries in this process. */
export interface NearCache {
  /** Number of copies. */
  readonly entries: number;
  /** Size of the copies in bytes. */
  readonly bytes: number;
  /** Returns the copy, if it may be served now. */
  get(key: string): NearEntry | undefined;
  beginRead(key: string): NearRead;
  /**
   * Begins a write of a computed value, before anything is compared that the value depends on. `readBack` reads the
   * entry; it is called if the copy was dropped by the time the write has been announced.
   */
  beginWrite(key: string, readBack: () => void): NearWrite;
  /** Keeps a value that was computed while Redis was unavailable. */
  keepWithoutRedis(key: string, copy: () => NearCopy): void;
  delete(key: string): void;
  deleteTagged(tags: readonly string[]): void;
  clear(): void;
}

export interface NearCacheOptions {
  maxBytes: number;
  maxEntries: number;
  staleMs: number;
  /** Epoch milliseconds. */
  now: () => number;
}

/** Roughly what a copy costs in addition to its value: the map's slot, its objects and its promise. */
export const ENTRY_OVERHEAD_BYTES = 300;

/** Reads and writes of one key that are in progress, and whether the entry has changed meanwhile. */
interface Watch {
  users: number;
  changed: boolean;
}

/**
 * Keeps copies up to date by listening: a copy is dropped when its entry changes or expires, or its tag gets a new
 * version. While nothing can be heard, copies are served for `staleMs` more; once connected again all are dropped,
 * because the events in between are unknown.
 */
export class ListeningNearCache implements NearCache {
  readonly #entries: LRUCache<string, NearEntry>;
  readonly #watches = new Map<string, Watch>();
  readonly #ownWrites = new OwnWrites((key) => this.#entries.has(key));
  #listening = false;
  #refused = false;
  #downSince = 0;

  constructor(
    private readonly options: NearCacheOptions,
    private readonly logger: CacheLogger,
  ) {
    this.#entries = new LRUCache({ max: options.maxEntries, maxSize: options.maxBytes });
  }

  listenTo(channel: EventChannel): this {
    this.#downSince = this.options.now();
    channel.listen((event) => this.#hear(event));
    return this;
  }

  get entries(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  get(key: string): NearEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const now = this.options.now();
    if (now < entry.times.expiresAt && (this.#listening || this.#isRecent(entry, now))) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  beginRead(key: string): NearRead {
    const watch = this.#watch(key);
    let ended = false;
    const end = (): void => {
      if (!ended) this.#unwatch(key, watch);
      ended = true;
    };
    const keep = (copy: NearCopy): void => {
      if (!ended && !watch.changed) this.#put(key, copy);
      end();
    };
    return { keep, end };
  }

  beginWrite(key: string, readBack: () => void): NearWrite {
    const watch = this.#watch(key);
    const announced = this.#ownWrites.begin(key, readBack);
    let ended = false;
    const finish = (isWritten: boolean, act: () => void): void => {
      if (ended) return;
      ended = true;
      this.#unwatch(key, watch);
      act();
      announced.end(isWritten);
    };
    const stored = (copy?: () => NearCopy): void => {
      const { changed } = watch;
      // Also outdates reads that began before the write, which may have seen the old value.
      this.delete(key);
      if (!changed && copy) this.#put(key, copy());
    };
    return {
      stored: (copy) => finish(true, () => stored(copy)),
      there: () => finish(true, () => {}),
      end: () => finish(false, () => this.delete(key)),
    };
  }

  keepWithoutRedis(key: string, copy: () => NearCopy): void {
    if (!this.#listening && !this.#refused) this.#put(key, copy());
  }

  delete(key: string): void {
    this.#entries.delete(key);
    const watch = this.#watches.get(key);
    if (watch) watch.changed = true;
  }

  deleteTagged(tags: readonly string[]): void {
    for (const [key, entry] of this.#entries.entries()) {
      if (entry.tags.some((tag) => tags.includes(tag))) this.#entries.delete(key);
    }
    this.#outdateAll();
  }

  clear(): void {
    this.#entries.clear();
    this.#outdateAll();
  }

  #isRecent(entry: NearEntry, now: number): boolean {
    return now < Math.max(this.#downSince, entry.putAt) + this.options.staleMs;
  }

  #put(key: string, { value, times, tags, bytes }: NearCopy): void {
    deepFreeze(value);
    const entry = { value, promise: Promise.resolve(value), times, tags, putAt: this.options.now() };
    this.#entries.set(key, entry, { size: bytes + 2 * key.length + ENTRY_OVERHEAD_BYTES });
  }

  #watch(key: string): Watch {
    const watch = this.#watches.get(key) ?? { users: 0, changed: !this.#listening };
    watch.users += 1;
    this.#watches.set(key, watch);
    return watch;
  }

  #unwatch(key: string, watch: Watch): void {
    watch.users -= 1;
    if (watch.users === 0 && this.#watches.get(key) === watch) this.#watches.delete(key);
  }

  #hear(event: CacheEvent): void {
    if (event.type === 'changed') this.delete(event.key);
    else if (event.type === 'ended') this.#hearEnd(event.key, event.own === true);
    else if (event.type === 'invalidated') this.deleteTagged([event.tag]);
    else if (event.type === 'flushed') this.clear();
    else if (event.type === 'up') this.#resume();
    else if (event.type === 'down') this.#pause();
    else if (event.type === 'refused') this.#giveUp();
  }

  /** The end of a computation is the announcement of its write. That of our own write leaves our own copy in place. */
  #hearEnd(key: string, own: boolean): void {
    const heard = own ? this.#ownWrites.hearEnd(key) : 'unknown';
    if (heard === 'unknown') this.delete(key);
    else if (heard === 'unconfirmed') this.#entries.delete(key);
  }

  #resume(): void {
    this.clear();
    this.#ownWrites.clear();
    this.#listening = !this.#refused;
  }

  #pause(): void {
    if (this.#listening) this.#downSince = this.options.now();
    this.#listening = false;
    this.#ownWrites.clear();
    this.#outdateAll();
  }

  #giveUp(): void {
    if (!this.#refused) {
      this.logger.warn(
        "The near cache is off: the server refuses CLIENT TRACKING; see near.invalidation: 'pubsub'",
      );
    }
    this.#refused = true;
    this.#listening = false;
    this.clear();
  }

  #outdateAll(): void {
    for (const watch of this.#watches.values()) watch.changed = true;
  }
}

/** A read whose value is never kept. */
export const NO_READ: NearRead = { keep: () => {}, end: () => {} };
const NO_WRITE: NearWrite = { stored: () => {}, there: () => {}, end: () => {} };

/** No near cache: every read goes to the backend. */
export const NO_NEAR_CACHE: NearCache = {
  entries: 0,
  bytes: 0,
  get: () => undefined,
  beginRead: () => NO_READ,
  beginWrite: () => NO_WRITE,
  keepWithoutRedis: () => {},
  delete: () => {},
  deleteTagged: () => {},
  clear: () => {},
};
