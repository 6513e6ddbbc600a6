import { EventEmitter } from 'node:events';
import type { KeyvEntry, KeyvStoreAdapter, StoredData } from 'keyv';
import {
  createRedisCache,
  InvalidOptionsError,
  type KeyPage,
  MAX_TTL_SECONDS,
  type RedisCacheOptions,
  RedisCacheService,
} from '../core.js';

/**
 * A store for Keyv 5, which `@nestjs/cache-manager` and cache-manager use. Redis faults never throw: a read is a miss, and
 * a write returns `false`, after `commandTimeoutMs` at the latest and at once while the circuit breaker is open.
 *
 * TTLs are milliseconds, as in Keyv; an entry without a TTL does not expire. The text that Keyv's serializer returns is
 * stored as the value of the entry, so `cache.getCachedResponse` returns that text.
 *
 * Emits `error`, which Keyv forwards, for the first operation of an outage that fails because of Redis. Without a listener
 * nothing is emitted.
 *
 * @example
 * CacheModule.register({ stores: [new KeyvRedisCache({ connection: { url: 'redis://localhost:6379' } })] });
 * @example
 * CacheModule.registerAsync({
 *   inject: [RedisCacheService],
 *   useFactory: (cache: RedisCacheService) => ({ stores: [new KeyvRedisCache(cache)] }),
 * });
 */
export class KeyvRedisCache extends EventEmitter implements KeyvStoreAdapter {
  /** The cache that contains the entries, for methods that Keyv lacks, such as `getOrSet`. */
  readonly cache: RedisCacheService;
  /** Keyv reads `dialect` to decide whether it can iterate over the store. */
  readonly opts: Record<string, unknown> = { dialect: 'redis' };
  /** Set by Keyv, which also puts `<namespace>:` before each key. `clear` removes only the entries of the namespace. */
  namespace?: string | undefined;
  readonly #owned: boolean;
  #isReported = false;

  /**
   * @param cache an existing cache, which `disconnect` leaves open; or the options of a new one, which `disconnect` closes.
   * Default: a new one on Redis at localhost:6379
   * @throws {InvalidOptionsError} an invalid option, or neither a cache nor options
   */
  constructor(cache: RedisCacheService | RedisCacheOptions = {}) {
    super();
    if (typeof cache !== 'object' || cache === null) {
      throw new InvalidOptionsError('cache', 'must be a RedisCacheService, or the options of a new one');
    }
    this.#owned = !(cache instanceof RedisCacheService);
    this.cache = cache instanceof RedisCacheService ? cache : createRedisCache(cache);
  }

  /**
   * Returns the stored value, or `undefined` for a miss and while Redis is unavailable.
   *
   * @throws {InvalidKeyError} empty, over-long or ill-formed key; the same applies to all methods with keys
   */
  async get<Value>(key: string): Promise<StoredData<Value> | undefined> {
    const found = await this.cache.lookup<StoredData<Value>>(key);
    this.#note(found.status !== 'bypass');
    return found.status === 'hit' ? found.value : undefined;
  }

  /** Like `get` for several keys; the result has their order. All reads are sent before the first reply. */
  getMany<Value>(keys: string[]): Promise<StoredData<Value | undefined>[]> {
    return Promise.all(keys.map((key) => this.get<Value>(key)));
  }

  /**
   * Stores a value. Returns whether Redis confirmed it.
   *
   * @param ttl milliseconds; a fraction is rounded up to at least one millisecond. Without a TTL, or with 0, no expiry
   * @throws {InvalidTtlError} {@link ValueTooLargeError}
   */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    return this.#noteWrite(await this.cache.cacheResponse(key, value, secondsOf(ttl)));
  }

  /**
   * Stores several values, all sent at once; nothing if one is invalid. Returns for each whether Redis confirmed it, which
   * Keyv returns to its caller although the type of its stores says `void`.
   */
  async setMany(entries: KeyvEntry[]): Promise<boolean[] & void> {
    const responses = entries.map(({ key, value, ttl }) => ({
      key,
      response: value as unknown,
      ttlSeconds: secondsOf(ttl),
    }));
    const stored = await this.cache.setMany(responses);
    this.#noteWrite(stored.every(Boolean));
    return stored as boolean[] & void;
  }

  /** Removes an entry. Returns whether it existed and Redis confirmed the removal; reads the entry to know that. */
  async delete(key: string): Promise<boolean> {
    return this.deleteMany([key]);
  }

  /** Removes entries. Returns whether at least one of them existed and Redis confirmed the removal. */
  async deleteMany(keys: string[]): Promise<boolean> {
    // Sent in this order over one connection, so the reads see the entries.
    const [found, isDone] = await Promise.all([this.hasMany(keys), this.cache.delete(keys)]);
    return this.#noteWrite(isDone) && found.includes(true);
  }

  /** Whether the entry exists; reads it. `false` while Redis is unavailable. */
  async has(key: string): Promise<boolean> {
    const found = await this.cache.lookup(key, { as: 'bytes' });
    this.#note(found.status !== 'bypass');
    return found.status === 'hit';
  }

  /** Like `has` for several keys; the result has their order. */
  hasMany(keys: string[]): Promise<boolean[]> {
    return Promise.all(keys.map((key) => this.has(key)));
  }

  /**
   * Removes the entries of the namespace; without a namespace all entries of the cache, which are those of its `keyPrefix`.
   * Emits `error` if Redis has not confirmed all of it.
   */
  async clear(): Promise<void> {
    this.#noteWrite(await (this.namespace === undefined ? this.cache.clearCache() : this.#clearNamespace()));
  }

  /** Yields each key, including `<namespace>:`, with its value. Ends early if Redis becomes unavailable. */
  async *iterator<Value>(namespace?: string): AsyncGenerator<[string, Awaited<Value>], void> {
    for await (const keys of this.#pages(namespace)) {
      const values = await this.getMany<Awaited<Value>>(keys);
      for (const [index, key] of keys.entries()) {
        if (values[index] !== undefined) yield [key, values[index] as Awaited<Value>];
      }
    }
  }

  /** Closes the cache if this store created it. Idempotent. */
  async disconnect(): Promise<void> {
    if (this.#owned) await this.cache.close();
  }

  async #clearNamespace(): Promise<boolean> {
    let isDone = true;
    for await (const keys of this.#pages(this.namespace, () => (isDone = false))) {
      isDone = (await this.cache.delete(keys)) && isDone;
    }
    return isDone;
  }

  /** Yields the keys page by page; calls `onUnavailable` and ends if Redis becomes unavailable. */
  async *#pages(namespace?: string, onUnavailable = (): void => this.#note(false)): AsyncGenerator<string[]> {
    const prefix = namespace === undefined ? '' : `${namespace}:`;
    let page: KeyPage | null = { keys: [], cursor: null };
    do {
      page = await this.cache.keyPages.read(prefix, page.cursor);
      if (page === null) return onUnavailable();
      yield [...new Set(page.keys)];
    } while (page.cursor !== null);
  }

  #noteWrite(isDone: boolean): boolean {
    // A write also fails if its value cannot be stored, which is logged and says nothing about Redis.
    this.#note(isDone || this.cache.getStatus().writable);
    return isDone;
  }

  #note(isReached: boolean): void {
    if (isReached) this.#isReported = false;
    else if (!this.#isReported && this.listenerCount('error') > 0) {
      this.#isReported = true;
      this.emit(
        'error',
        new Error('Redis is unavailable or refuses writes; reads are misses, writes are not stored'),
      );
    }
  }
}

/** Without a TTL, an entry gets the longest TTL of the cache, 100 years. */
function secondsOf(ttlMs: number | undefined): number {
  return ttlMs ? Math.min(ttlMs / 1_000, MAX_TTL_SECONDS) : MAX_TTL_SECONDS;
}
