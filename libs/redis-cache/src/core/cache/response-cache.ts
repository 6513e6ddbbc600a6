import type { EntryStore } from '../backend/backend.js';
import { ValueTooLargeError } from '../errors/errors.js';
import type { Guard, GuardLogger } from '../guard/guard.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import { assertKey } from '../entry/cache-key.js';
import { agesOf } from './ages.js';
import type { EntryReader } from './entry-reader.js';
import type { EntryPacker } from '../entry/entry-packer.js';
import type { NearCache, NearEntry } from '../near/near-cache.js';
import { toJson } from '../entry/to-json.js';
import { ttlToMs } from '../entry/ttl.js';

/**
 * What a look-up found.
 * - `hit`: the value, its age, its remaining TTL, and what `getOrSet` took to compute it; all are `null` for
 *   plain JSON of another program, which does not say when it was written
 * - `miss`: Redis was asked and has nothing
 * - `bypass`: Redis could not be asked
 */
export type CacheLookup<T> =
  | {
      status: 'hit';
      value: T;
      ageSeconds: number | null;
      ttlSeconds: number | null;
      durationMs: number | null;
    }
  | { status: 'miss' }
  | { status: 'bypass' };

export interface ResponseCacheDependencies {
  store: EntryStore;
  reader: EntryReader;
  guard: Guard;
  near: NearCache;
  packer: EntryPacker;
  now: () => number;
  counters: RedisCacheCounters;
  logger: GuardLogger;
  maxValueBytes: number;
}

const MISS = { status: 'miss' } as const;
const BYPASS = { status: 'bypass' } as const;
const confirmed = (): boolean => true;

/** Stores and finds single responses. */
export class ResponseCache {
  constructor(private readonly use: ResponseCacheDependencies) {}

  async set(key: string, value: unknown, ttlSeconds: number): Promise<boolean> {
    assertKey(key, 'promptHash');
    const ttlMs = ttlToMs(ttlSeconds);
    const stored = await this.#store(key, value, ttlMs);
    if (stored) this.use.counters.writes += 1;
    else this.use.counters.failedWrites += 1;
    return stored;
  }

  /** @throws what `set` would throw */
  assertStorable(key: string, value: unknown, ttlSeconds: number): void {
    assertKey(key, 'promptHash');
    ttlToMs(ttlSeconds);
    const text = toJson(value);
    if ('json' in text) this.#assertSize(text.json);
  }

  async lookup<T>(key: string): Promise<CacheLookup<T>> {
    assertKey(key, 'promptHash');
    const near = this.use.near.get(key);
    if (near !== undefined) return this.#nearHit(near);
    const reading = await this.use.reader.read(key);
    if (reading.state === 'unavailable') return BYPASS;
    // A value past its TTL, or a failure in place of one, is for `getOrSet` alone.
    if (reading.state !== 'fresh' || reading.entry.failure) return this.#miss();
    this.use.counters.hits += 1;
    return { status: 'hit', value: reading.entry.value as T, ...agesOf(reading.entry.times, this.use.now()) };
  }

  /** The stored value alone, or `null`. Does not look at the near cache. */
  async value<T>(key: string): Promise<T | null> {
    assertKey(key, 'promptHash');
    const reading = await this.use.reader.read(key);
    if (reading.state === 'fresh' && !reading.entry.failure) {
      this.use.counters.hits += 1;
      return reading.entry.value as T;
    }
    if (reading.state !== 'unavailable') this.#miss();
    return null;
  }

  /** The stored JSON, unread. */
  async bytes(key: string): Promise<Buffer | null> {
    assertKey(key, 'promptHash');
    const found = await this.use.reader.readBytes(key);
    if (found === null) this.#miss();
    else this.use.counters.hits += 1;
    return found && found.json;
  }

  /** The copy in this process as a promise that is there already, or `undefined`. */
  near<T>(key: string): Promise<T> | undefined {
    const near = this.use.near.get(key);
    if (near === undefined) return undefined;
    this.use.counters.hits += 1;
    this.use.counters.nearHits += 1;
    return near.promise as Promise<T>;
  }

  #nearHit<T>({ value, times }: NearEntry): CacheLookup<T> {
    this.use.counters.hits += 1;
    this.use.counters.nearHits += 1;
    return { status: 'hit', value: value as T, ...agesOf(times, this.use.now()) };
  }

  #store(key: string, value: unknown, ttlMs: number): boolean | Promise<boolean> {
    const text = toJson(value);
    if ('problem' in text) {
      this.use.logger.warn(`A response was not cached: ${text.problem}`);
      return false;
    }
    this.#assertSize(text.json);
    this.use.near.delete(key);
    const createdAt = this.use.now();
    const times = { createdAt, expiresAt: createdAt + ttlMs, durationMs: 0 };
    const entry = this.use.packer.pack(text.json, times);
    // Not awaited where it is there: each turn of the microtask queue costs as much as a small copy.
    return entry instanceof Promise
      ? entry.then((packed) => this.#write(key, packed, ttlMs))
      : this.#write(key, entry, ttlMs);
  }

  #write(key: string, entry: Buffer, ttlMs: number): Promise<boolean> {
    return this.use.guard.runWrite(() => this.use.store.set(key, entry, ttlMs).then(confirmed), false);
  }

  #assertSize(json: string): void {
    const { maxValueBytes } = this.use;
    const bytes = Buffer.byteLength(json);
    if (bytes > maxValueBytes) throw new ValueTooLargeError('response', bytes, maxValueBytes);
  }

  #miss(): typeof MISS {
    this.use.counters.misses += 1;
    return MISS;
  }
}
