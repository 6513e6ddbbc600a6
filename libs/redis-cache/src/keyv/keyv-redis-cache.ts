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
 * A store for Keyv 5, and by that for `@nestjs/cache-manager` 3 and cache-manager 6 and 7, on this cache. A fault of Redis
 * never throws: a read is a miss, a write returns `false`, after `commandTimeoutMs` at the latest, and at once while the
 * circuit breaker is open.
 *
 * TTLs are milliseconds, as Keyv has them; without one an entry does not expire. What Keyv's serializer returns is the
 * value of the entry: an application that reads it by `cache.getCachedResponse` gets that text.
 *
 * Emits `error`, which Keyv passes on, once when an operation finds Redis unavailable, and again after the next outage;
 * never without a listener.
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
  /** The cache that the entries are in, for what Keyv has no method for, such as `getOrSet`. */
  readonly cache: RedisCacheService;
  /** What Keyv looks at to decide that it can iterate. */
  readonly opts: Record<string, unknown> = { dialect: 'redis' };
  /** Set by Keyv, which also puts it before each key, followed by a colon. `clear` and `iterator` are limited to it. */
  namespace?: string | undefined;
  readonly #owned: boolean;
  #isReported = false;

  /**
   * @param cache options of a cache of its own, which `disconnect` closes; or an existing cache, which it does not close
   * @throws {InvalidOptionsError} neither of them, or a wrong option
   */
  constructor(cache: RedisCacheService | RedisCacheOptions = {}) {
    super();
    if (typeof cache !== 'object' || cache === null) {
      throw new InvalidOptionsError('cache', 'must be a RedisCacheService or the options of one');
    }
    this.#owned = !(cache instanceof RedisCacheService);
    this.cache = cache instanceof RedisCacheService ? cache : createRedisCache(cache);
  }

  /**
   * Returns the stored value; `undefined` for a miss and while Redis is unavailable.
   *
   * @throws {InvalidKeyError} empty, over-long or ill-formed key; so do all methods with keys
   */
  async get<Value>(key: string): Promise<StoredData<Value> | undefined> {
    const found = await this.cache.lookup<StoredData<Value>>(key);
    this.#note(found.status !== 'bypass');
    return found.status === 'hit' ? found.value : undefined;
  }

  /** Like `get` for several keys, in their order. All reads are sent before the first reply. */
  getMany<Value>(keys: string[]): Promise<StoredData<Value | undefined>[]> {
    return Promise.all(keys.map((key) => this.get<Value>(key)));
  }

  /**
   * Stores a value. Returns whether Redis confirmed it.
   *
   * @param ttl milliseconds, above 0; fractions count as at least one millisecond. Without it, or 0: no expiry
   * @throws {InvalidTtlError} {@link ValueTooLargeError}
   */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    return this.#noteWrite(await this.cache.cacheResponse(key, value, secondsOf(ttl)));
  }

  /**
   * Stores several values, all sent at once. Returns for each whether Redis confirmed it: Keyv returns that to its caller,
   * although the type of its stores says `void`. A wrong one stores none.
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

  /** Removes an entry. Returns whether there was one and Redis confirmed the removal; it costs a read of the entry. */
  async delete(key: string): Promise<boolean> {
    return this.deleteMany([key]);
  }

  /** Removes entries. Returns whether there was at least one of them and Redis confirmed the removal. */
  async deleteMany(keys: string[]): Promise<boolean> {
    // Sent in this order over one connection, so the reads see the entries.
    const [found, isDone] = await Promise.all([this.hasMany(keys), this.cache.delete(keys)]);
    return this.#noteWrite(isDone) && found.includes(true);
  }

  /** Whether there is an entry; `false` while Redis is unavailable. It costs a read of the entry. */
  async has(key: string): Promise<boolean> {
    const found = await this.cache.lookup(key, { as: 'bytes' });
    this.#note(found.status !== 'bypass');
    return found.status === 'hit';
  }

  /** Like `has` for several keys, in their order. */
  hasMany(keys: string[]): Promise<boolean[]> {
    return Promise.all(keys.map((key) => this.has(key)));
  }

  /**
   * Removes the entries of the namespace; without one all entries of the cache (its `keyPrefix`). Emits `error` if Redis
   * has not confirmed all of it.
   */
  async clear(): Promise<void> {
    this.#noteWrite(await (this.namespace === undefined ? this.cache.clearCache() : this.#clearNamespace()));
  }

  /** Yields each key of the namespace with its value, keys as Keyv passes them. Ends early if Redis is unavailable. */
  async *iterator<Value>(namespace?: string): AsyncGenerator<[string, Awaited<Value>], void> {
    for await (const keys of this.#pages(namespace)) {
      const values = await this.getMany<Awaited<Value>>(keys);
      for (const [index, key] of keys.entries()) {
        if (values[index] !== undefined) yield [key, values[index] as Awaited<Value>];
      }
    }
  }

  /** Closes the cache if the store has created it. Idempotent. */
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

  /** Yields the keys page by page; calls back if Redis becomes unavailable. */
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
    // A write also fails because of its value, which is logged and says nothing about Redis.
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

/** Keyv's "no expiry" is the longest TTL of the cache. */
function secondsOf(ttlMs: number | undefined): number {
  return ttlMs ? Math.min(ttlMs / 1_000, MAX_TTL_SECONDS) : MAX_TTL_SECONDS;
}
