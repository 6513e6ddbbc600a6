import type { GetOrSetDefaults } from '../options/get-or-set-options.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import { assertKey } from '../entry/arguments.js';
import type { EntryTimes } from '../entry/entry-envelope.js';
import { InvalidCallOptionError } from '../errors/errors.js';
import { callOptionNames } from '../errors/option-names.js';
import type { NearCache, NearEntry } from '../near/near-cache.js';
import { type Ages, agesOf, isDue } from './cache-result.js';
import type { EntryReader, Found, Reading } from './entry-reader.js';

/** How `lookup` returns what it finds. */
export interface LookupOptions {
  /**
   * `value`: parsed. `bytes`: the JSON as it is stored, unparsed, for sending on; always read from Redis, because
   * near copies are values. Default `value`.
   */
  as?: 'value' | 'bytes';
  /**
   * For a fast path in front of `getOrSet`, which is called after everything but a hit: misses are not counted, and
   * an entry that is due for a refresh is no hit, because `getOrSet` counts and refreshes. Default `false`.
   */
  hitsOnly?: boolean;
}

const LOOKUP_OPTIONS = callOptionNames<LookupOptions>({ as: true, hitsOnly: true });

/** Neither a hit: Redis has no valid entry (`miss`), or could not be queried (`bypass`). */
export interface NoHit {
  readonly status: 'miss' | 'bypass';
}

/** A cached value. Its ages are `null` for plain JSON of another program, which carries no times. */
export interface ValueHit<T> extends Ages {
  readonly status: 'hit';
  readonly value: T;
  /** `near`: the copy in this process; `redis`: the backend. */
  readonly source: 'near' | 'redis';
}

/** A cached value as the bytes of its JSON. */
export interface BytesHit extends Ages {
  readonly status: 'hit';
  readonly json: Buffer;
  readonly source: 'redis';
  /** Whether this library wrote the entry. If not, it may be any JSON of another program. */
  readonly enveloped: boolean;
}

/** What `lookup` returns. */
export type CacheLookup<T> = ValueHit<T> | NoHit;

/** What `lookup` returns for `{ as: 'bytes' }`. */
export type BytesLookup = BytesHit | NoHit;

export interface LookupDependencies {
  reader: EntryReader;
  near: NearCache;
  now: () => number;
  counters: RedisCacheCounters;
  defaults: Pick<GetOrSetDefaults, 'refreshAhead'>;
}

const MISS: NoHit = Object.freeze({ status: 'miss' });
const BYPASS: NoHit = Object.freeze({ status: 'bypass' });

/**
 * All reads that do not compute: the near copy first, then the entry in Redis. Decides what counts as a hit or a
 * miss, for these and for the near hits of `getOrSet`. Values are frozen where they are shared, which near copies
 * are; without a near cache each caller gets an object of its own.
 */
export class Lookups {
  constructor(private readonly use: LookupDependencies) {}

  /** The near copy, counted as a hit; `undefined` if there is none, or it is due and `hitsOnly` is set. */
  near(key: string, hitsOnly = false): NearEntry | undefined {
    const { near, counters } = this.use;
    const copy = near.get(key);
    if (copy === undefined || (hitsOnly && this.#isDue(copy.times))) return undefined;
    counters.hits += 1;
    counters.nearHits += 1;
    return copy;
  }

  /** Returns at once, without a promise; see `RedisCacheService.lookupNear`. */
  nearHit<T>(key: string): ValueHit<T> | undefined {
    assertKey(key, 'key');
    const copy = this.near(key, true);
    return copy && this.#nearHit(copy);
  }

  /** `argument`: what the caller calls the key, for errors. */
  async value<T>(key: string, argument: string): Promise<T | null> {
    assertKey(key, argument);
    const reading = await this.use.reader.read(key);
    return this.#isHit(reading) ? (reading.entry.value as T) : null;
  }

  lookup<T>(key: string, options: LookupOptions): Promise<CacheLookup<T> | BytesLookup> {
    // Options that are no object are refused below, as a rejected promise.
    const { as } = Object(options) as LookupOptions;
    return as === 'bytes' ? this.#bytes(key, options) : this.#value<T>(key, options);
  }

  async #value<T>(key: string, options: LookupOptions): Promise<CacheLookup<T>> {
    assertKey(key, 'key');
    LOOKUP_OPTIONS.check(options);
    const { as = 'value', hitsOnly = false } = options;
    if (as !== 'value') throw new InvalidCallOptionError('as', "must be 'value' or 'bytes'");
    const copy = this.near(key, hitsOnly);
    if (copy !== undefined) return this.#nearHit(copy);
    const reading = await this.use.reader.read(key);
    if (!this.#isHit(reading, hitsOnly)) return reading.state === 'unavailable' ? BYPASS : MISS;
    const { value, times } = reading.entry;
    return { status: 'hit', value: value as T, source: 'redis', ...agesOf(times, this.use.now()) };
  }

  async #bytes(key: string, options: LookupOptions): Promise<BytesLookup> {
    assertKey(key, 'key');
    LOOKUP_OPTIONS.check(options);
    const { hitsOnly = false } = options;
    const reading = await this.use.reader.read(key, 'bytes');
    if (!this.#isHit(reading, hitsOnly)) return reading.state === 'unavailable' ? BYPASS : MISS;
    const { value, times } = reading.entry;
    const { ageSeconds, ttlSeconds, durationMs } = agesOf(times, this.use.now());
    const json = value as Buffer;
    const enveloped = times !== null;
    return { status: 'hit', json, source: 'redis', enveloped, ageSeconds, ttlSeconds, durationMs };
  }

  #nearHit<T>({ value, times }: NearEntry): ValueHit<T> {
    // Explicit fields, because a spread is several times as slow and this is the hottest path.
    const { ageSeconds, ttlSeconds, durationMs } = agesOf(times, this.use.now());
    return { status: 'hit', value: value as T, source: 'near', ageSeconds, ttlSeconds, durationMs };
  }

  /** Counts the reading. A stale value, or a failure kept instead of a value, is a hit for `getOrSet` only. */
  #isHit(reading: Reading, hitsOnly = false): reading is Found {
    const { counters } = this.use;
    if (reading.state === 'fresh' && !reading.entry.failure) {
      if (hitsOnly && this.#isDue(reading.entry.times)) return false;
      counters.hits += 1;
      return true;
    }
    if (reading.state !== 'unavailable' && !hitsOnly) counters.misses += 1;
    return false;
  }

  #isDue(times: EntryTimes | null): boolean {
    const { refreshAhead } = this.use.defaults;
    return refreshAhead !== undefined && times !== null && isDue(times, refreshAhead, this.use.now());
  }
}
