import type { GetOrSetDefaults } from '../options/get-or-set-options.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import { assertKey } from '../entry/cache-key.js';
import type { EntryTimes } from '../entry/entry-envelope.js';
import type { NearCache } from '../near/near-cache.js';
import { type Ages, agesOf, isDue } from './ages.js';
import type { EntryReader } from './entry-reader.js';

/** A copy of this process: the value, shared and frozen, and how old it is. */
export interface NearHit<T> extends Ages {
  readonly value: T;
}

/** A stored value as the bytes of its JSON, unread, and how old it is. */
export interface BytesHit extends Ages {
  readonly json: Buffer;
  /** Whether it has this library's envelope; what has not may be any JSON of another program. */
  readonly enveloped: boolean;
}

export interface PlainHitsDependencies {
  reader: EntryReader;
  near: NearCache;
  now: () => number;
  counters: RedisCacheCounters;
  defaults: Pick<GetOrSetDefaults, 'refreshAhead'>;
}

/**
 * Hits for those who answer them at less cost than `getOrSet` can, and call it for everything else. What is due
 * for a refresh is none of them, so that `getOrSet` begins it. Only hits are counted: the rest is counted by
 * `getOrSet`.
 *
 * @example
 * const hit = cache.hits.near<Answer>(key);
 * return hit === undefined ? cache.getOrSet(key, compute) : hit.value;
 */
export class PlainHits {
  constructor(private readonly use: PlainHitsDependencies) {}

  /**
   * The copy in this process, at once; `undefined` where there is none to be served.
   *
   * @throws {InvalidKeyError} empty, over-long or ill-formed key
   */
  near<T = unknown>(key: string): NearHit<T> | undefined {
    const { near, counters, now } = this.use;
    assertKey(key, 'key');
    const found = near.get(key);
    if (found === undefined || this.#isDue(found.times)) return undefined;
    counters.hits += 1;
    counters.nearHits += 1;
    return { value: found.value as T, ...agesOf(found.times, now()) };
  }

  /**
   * What is stored within its TTL, as bytes; `null` where nothing is, or Redis could not be asked. Makes no
   * near copy and looks at none.
   *
   * @throws {InvalidKeyError} empty, over-long or ill-formed key
   */
  async bytes(key: string): Promise<BytesHit | null> {
    assertKey(key, 'key');
    const found = await this.use.reader.readBytes(key);
    if (found === null || this.#isDue(found.times)) return null;
    this.use.counters.hits += 1;
    const { json, times } = found;
    return { json, enveloped: times !== null, ...agesOf(times, this.use.now()) };
  }

  #isDue(times: EntryTimes | null): boolean {
    const { refreshAhead } = this.use.defaults;
    return refreshAhead !== undefined && times !== null && isDue(times, refreshAhead, this.use.now());
  }
}
