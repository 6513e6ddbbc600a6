import { LRUCache } from 'lru-cache';
import type { CacheEvent, EventChannel } from '../backend/backend.js';
import type { GuardLogger } from '../guard/guard.js';
import { deepFreeze } from '../entry/deep-freeze.js';
import type { EntryTimes } from '../entry/entry-envelope.js';

/** A copy of an entry in this process. */
export interface NearEntry {
  /** Frozen, and shared by all who ask. */
  readonly value: unknown;
  /** The value as a promise that is made once, so that a hit makes nothing. */
  readonly promise: Promise<unknown>;
  readonly times: EntryTimes;
  readonly tags: readonly string[];
  readonly putAt: number;
}

/** A look into Redis whose result may become a near copy, unless the entry changes meanwhile. */
export interface NearRead {
  keep(value: unknown, times: EntryTimes, tags: readonly string[], bytes: number): void;
  /** The read found nothing to keep. Idempotent. */
  end(): void;
}

/** Copies of entries in this process. */
export interface NearCache {
  /** How many copies there are. */
  readonly entries: number;
  /** What they take, in bytes. */
  readonly bytes: number;
  /** The copy, if it may be served now. */
  get(key: string): NearEntry | undefined;
  beginRead(key: string): NearRead;
  /** Keeps a value that was computed while Redis was away. */
  keepWithoutRedis(
    key: string,
    value: unknown,
    times: EntryTimes,
    tags: readonly string[],
    bytes: number,
  ): void;
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

/** What a copy costs beside its value: the map's slot, its objects and its promise, roughly. */
const ENTRY_OVERHEAD_BYTES = 300;

interface ReadInProgress {
  readers: number;
  changed: boolean;
}

/**
 * Keeps copies true by listening: a copy goes when its entry changes, expires, or its tag gets a new
 * version. While nothing can be heard, copies are served for `staleMs` more; when the connection is back
 * all are dropped, because what was missed is not known.
 */
export class ListeningNearCache implements NearCache {
  readonly #entries: LRUCache<string, NearEntry>;
  readonly #reads = new Map<string, ReadInProgress>();
  #listening = false;
  #refused = false;
  #downSince = 0;

  constructor(
    private readonly options: NearCacheOptions,
    private readonly logger: GuardLogger,
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
    const read = this.#reads.get(key) ?? { readers: 0, changed: !this.#listening };
    read.readers += 1;
    this.#reads.set(key, read);
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      read.readers -= 1;
      if (read.readers === 0 && this.#reads.get(key) === read) this.#reads.delete(key);
    };
    const keep: NearRead['keep'] = (value, times, tags, bytes) => {
      if (!ended && !read.changed) this.#put(key, value, times, tags, bytes);
      end();
    };
    return { keep, end };
  }

  keepWithoutRedis(...[key, value, times, tags, bytes]: Parameters<NearCache['keepWithoutRedis']>): void {
    if (!this.#listening && !this.#refused) this.#put(key, value, times, tags, bytes);
  }

  delete(key: string): void {
    this.#entries.delete(key);
    this.#outdate(key);
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

  #put(key: string, value: unknown, times: EntryTimes, tags: readonly string[], bytes: number): void {
    deepFreeze(value);
    const entry = { value, promise: Promise.resolve(value), times, tags, putAt: this.options.now() };
    this.#entries.set(key, entry, { size: bytes + 2 * key.length + ENTRY_OVERHEAD_BYTES });
  }

  #hear(event: CacheEvent): void {
    if (event.type === 'changed' || event.type === 'ended') this.delete(event.key);
    else if (event.type === 'invalidated') this.deleteTagged([event.tag]);
    else if (event.type === 'flushed') this.clear();
    else if (event.type === 'up') this.#resume();
    else if (event.type === 'down') this.#pause();
    else if (event.type === 'refused') this.#giveUp();
  }

  #resume(): void {
    this.clear();
    this.#listening = !this.#refused;
  }

  #pause(): void {
    if (this.#listening) this.#downSince = this.options.now();
    this.#listening = false;
    this.#outdateAll();
  }

  #giveUp(): void {
    if (!this.#refused) {
      this.logger.warn(
        "The near cache is off: the server refuses CLIENT TRACKING; see near.invalidation: 'pubsub'",
      );
    }
    this.#refused = true;
    this.clear();
  }

  #outdate(key: string): void {
    const read = this.#reads.get(key);
    if (read) read.changed = true;
  }

  #outdateAll(): void {
    for (const read of this.#reads.values()) read.changed = true;
  }
}

/** A read whose result is never kept. */
export const NO_READ: NearRead = { keep: () => {}, end: () => {} };

/** No near cache: every look-up goes to the backend. */
export const NO_NEAR_CACHE: NearCache = {
  entries: 0,
  bytes: 0,
  get: () => undefined,
  beginRead: () => NO_READ,
  keepWithoutRedis: () => {},
  delete: () => {},
  deleteTagged: () => {},
  clear: () => {},
};
