import { assertKeys } from './entry/arguments.js';
import type { CacheResult } from './cache/cache-result.js';
import type { CacheStream } from './cache/cache-stream.js';
import type { KeyPages } from './cache/key-pages.js';
import type { ComputationTicket } from './cache/computation-ticket.js';
import type { Factory } from './cache/factory.js';
import type { BytesLookup, CacheLookup, LookupOptions, ValueHit } from './cache/lookup.js';
import type { ResponseToCache } from './cache/response-writer.js';
import type { StreamFactory } from './cache/stream-source.js';
import type { RedisCacheCounters } from './counters/counters.js';
import type { SharedCounters } from './shared-counters.js';
import type {
  GetOrSetOptions,
  GetOrStreamOptions,
  ResumeOptions,
  TicketOptions,
} from './options/get-or-set-options.js';
import type { NamedQueueOptions } from './options/redis-cache-options.js';
import type { RequestQueue } from './queue/request-queue.js';
import { missingRights } from './guard/failure-record.js';
import type { RedisCacheParts, RedisCacheStatus } from './redis-cache.parts.js';

/**
 * Response cache and request queues on Redis that keep serving when Redis does not.
 *
 * A fault of Redis never throws: refused, frozen, read-only, out of memory, wrong password or bad stored data become
 * the fallback that each method names, after `commandTimeoutMs` at the latest, and at once while the circuit breaker
 * is open. Wrong arguments do throw, as rejected promises.
 *
 * @example
 * constructor(private readonly cache: RedisCacheService) {}
 *
 * async complete(promptHash: string): Promise<Completion> {
 *   const cached = await this.cache.getCachedResponse<Completion>(promptHash);
 *   if (cached !== null) return cached;
 *   const completion = await this.compute();
 *   await this.cache.cacheResponse(promptHash, completion, 3600);
 *   return completion;
 * }
 */
export class RedisCacheService {
  readonly #parts: RedisCacheParts;

  constructor(parts: RedisCacheParts) {
    this.#parts = parts;
  }

  /** Whether Redis replies, by a real round trip. Fallback: `false`. */
  async isConnected(): Promise<boolean> {
    return this.#parts.guard.run(() => this.#parts.backend.ping().then(() => true), false);
  }

  /**
   * Stores a response. `true` once Redis has confirmed it; `false` means unconfirmed: Redis is unavailable or refuses
   * writes, or JSON cannot carry the value or it is nested over 2,000 levels deep (a line is logged).
   *
   * @param promptHash key, used literally, 1 to 1,024 characters
   * @param response anything that JSON can carry
   * @param ttlSeconds time to live in seconds, above 0; default: the module's `ttlSeconds` (3,600)
   * @throws {InvalidKeyError} empty, over-long or ill-formed key
   * @throws {InvalidTtlError} not a positive finite number
   * @throws {ValueTooLargeError} above `maxValueBytes`
   */
  cacheResponse(promptHash: string, response: unknown, ttlSeconds?: number): Promise<boolean> {
    return this.#parts.writer.set(promptHash, response, ttlSeconds);
  }

  /**
   * Returns the stored response; `null` when there is none, it has expired, it is unreadable or too large (then removed), or
   * Redis is unavailable and there is no near copy.
   *
   * @throws {InvalidKeyError} empty, over-long or ill-formed key
   */
  getCachedResponse<T = unknown>(promptHash: string): Promise<T | null> {
    const copy = this.#parts.lookups.near(promptHash);
    if (copy !== undefined) return copy.promise as Promise<T>;
    return this.#parts.lookups.value<T>(promptHash, 'promptHash');
  }

  /** Appends a request to the default queue; see {@link RequestQueue.queueRequest}. Fallback: `false`. */
  queueRequest(request: unknown): Promise<boolean> {
    return this.#parts.queues.default.queueRequest(request);
  }

  /** Removes and returns the oldest request of the default queue. Fallback: `null`. */
  dequeueRequest<T = unknown>(): Promise<T | null> {
    return this.#parts.queues.default.dequeueRequest<T>();
  }

  /** How many requests wait in the default queue; reserved ones do not. Fallback: 0. */
  getQueueLength(): Promise<number> {
    return this.#parts.queues.default.getQueueLength();
  }

  /** Removes every cached response of this prefix and nothing else. `false`: not confirmed, perhaps in part. */
  clearCache(): Promise<boolean> {
    return this.#parts.invalidation.clear();
  }

  /** Removes every request of the default queue, reserved ones included; dead letters stay. Fallback: `false`. */
  clearQueue(): Promise<boolean> {
    return this.#parts.queues.default.clearQueue();
  }

  /** Lets all consumers finish, within `drainTimeoutMs`, then closes the connection unless it is the user's own. Idempotent. */
  async close(): Promise<void> {
    await this.#parts.queues.close();
    await this.#parts.guard.close();
  }

  /**
   * Returns the cached value, or runs the factory and caches its value. However many callers ask for a key at the same
   * time, in this process and in all others on one Redis, the factory runs once, and all get its value or its
   * failure. Values are shared, hence frozen, and each is what JSON makes of it: a `Date` is text also on a miss.
   *
   * Without Redis the factory still runs once per process, and its value is stored when Redis is back.
   *
   * @throws what the factory throws; `RemoteFactoryError` with its message and code where another process ran it
   * @throws {FactoryTimeoutError} after `hardTimeoutMs`
   * @throws {InvalidKeyError} {@link InvalidTtlError} {@link InvalidTagError} {@link InvalidCallOptionError}
   * @throws the signal's reason, when it aborts
   * @example
   * const completion = await cache.getOrSet(key, ({ signal }) => ask(prompt, signal), { ttlSeconds: 600 });
   */
  getOrSet<T>(key: string, factory: Factory<T>, options?: GetOrSetOptions): Promise<T> {
    return this.#parts.getOrSet.value(key, factory, options);
  }

  /** Like `getOrSet`, and returns where the value came from, its age and its remaining TTL. */
  getOrSetEntry<T>(key: string, factory: Factory<T>, options?: GetOrSetOptions): Promise<CacheResult<T>> {
    return this.#parts.getOrSet.entry(key, factory, options);
  }

  /**
   * Like `getOrSet` for a value that comes in pieces. Callers read the pieces while the factory produces them, each from
   * the first piece; the value that is stored, and that callers of `getOrSet` get, is what `collect` makes of them. A hit
   * gives the pieces that `replay` makes of the value. Resolves with the first piece. Pieces are shared, hence frozen.
   *
   * @throws what `getOrSet` throws; once there is a piece, the iteration throws it, and {@link StreamInterruptedError}
   * @example
   * const answer = await cache.getOrStream(key, ({ signal }) => ask(prompt, signal), {
   *   collect: (pieces) => pieces.join(''),
   *   replay: (text) => [text],
   * });
   * for await (const piece of answer) response.write(piece);
   */
  getOrStream<C, V>(
    key: string,
    factory: StreamFactory<C>,
    options: GetOrStreamOptions<C, V>,
  ): Promise<CacheStream<C, V>> {
    return this.#parts.getOrStream.open(key, factory, options);
  }

  /**
   * Like `getCachedResponse`, but tells a hit, a miss and an unavailable Redis apart, and returns the age and the
   * remaining TTL of a hit. With `{ as: 'bytes' }` the hit carries the stored JSON unparsed.
   *
   * @throws {InvalidKeyError} empty, over-long or ill-formed key
   * @throws {InvalidCallOptionError} an unknown option, or an unknown `as`
   * @example
   * const found = await cache.lookup(key, { as: 'bytes' });
   * if (found.status === 'hit') reply.type('application/json').send(found.json);
   */
  lookup(key: string, options: LookupOptions & { as: 'bytes' }): Promise<BytesLookup>;
  lookup<T = unknown>(key: string, options?: LookupOptions & { as?: 'value' }): Promise<CacheLookup<T>>;
  lookup<T>(key: string, options: LookupOptions = {}): Promise<CacheLookup<T> | BytesLookup> {
    return this.#parts.lookups.lookup<T>(key, options);
  }

  /**
   * Returns the copy in this process, without a promise; `undefined` if there is none, or if it is due for a refresh
   * (`refreshAhead`). For a fast path in front of `getOrSet`, which is called after everything but a hit.
   *
   * @throws {InvalidKeyError} empty, over-long or ill-formed key
   * @example
   * const hit = cache.lookupNear<Completion>(key);
   * return hit === undefined ? cache.getOrSet(key, compute) : hit.value;
   */
  lookupNear<T = unknown>(key: string): ValueHit<T> | undefined {
    return this.#parts.lookups.nearHit<T>(key);
  }

  /**
   * Returns several cached values, in the order of the keys, `null` as for `getCachedResponse`. All reads are sent
   * before the first reply.
   *
   * @throws {InvalidKeyError} an empty, over-long or ill-formed key, named as `keys[3]`
   */
  async getMany<T = unknown>(keys: readonly string[]): Promise<(T | null)[]> {
    assertKeys(keys, 'keys');
    return Promise.all(keys.map((key) => this.getCachedResponse<T>(key)));
  }

  /**
   * Stores several responses, all sent at once. Returns for each whether Redis confirmed it; a wrong one stores none.
   *
   * @throws what `cacheResponse` throws
   * @example await cache.setMany([{ key: 'a', response: 1 }, { key: 'b', response: 2, ttlSeconds: 60 }]);
   */
  async setMany(responses: readonly ResponseToCache[]): Promise<boolean[]> {
    return this.#parts.writer.setMany(responses);
  }

  /**
   * Removes an entry, or several. Computations of them that began before can no longer store their values. `false` when
   * Redis has not confirmed it: the copies in this process are gone, and the removal is repeated when Redis is back.
   *
   * @throws {InvalidKeyError} empty, over-long or ill-formed key
   */
  async delete(keys: string | readonly string[]): Promise<boolean> {
    return this.#parts.invalidation.delete(keys);
  }

  /**
   * Invalidates every entry that carries one of the tags, at a cost that does not depend on how many there are; also
   * the values of computations that began before. `false` when Redis has not confirmed it.
   *
   * @throws {InvalidTagError} an empty or over-long tag, or too many
   */
  async invalidateTags(...tags: string[]): Promise<boolean> {
    return this.#parts.invalidation.invalidateTags(tags);
  }

  /**
   * Returns a queue: the default one of the module's `queue` options, or another by its name of 1 to 128 characters.
   * `options` override the module's; the first call for a name decides them.
   *
   * @throws {InvalidCallOptionError} a wrong name or option, or an option that differs from the first call's
   * @example const mails = cache.queue('mails', { maxLength: 1_000 });
   */
  queue(name?: string, options?: NamedQueueOptions): RequestQueue {
    return this.#parts.queues.get(name, options);
  }

  /** The keys of the stored entries, page by page. */
  get keyPages(): KeyPages {
    return this.#parts.keyPages;
  }

  /** Numbers that all processes on one Redis add to and read. */
  get sharedCounters(): SharedCounters {
    return this.#parts.sharedCounters;
  }

  /**
   * Returns a ticket for work whose result nobody waits for; where somebody waits, `getOrSet` passes one to its
   * factory. Plain JSON, made without a round trip.
   *
   * @throws {InvalidKeyError} {@link InvalidTtlError} {@link InvalidTagError} {@link InvalidCallOptionError}
   * @example await jobs.add({ prompt, ticket: cache.ticketFor(key, { ttlSeconds: 600 }) });
   */
  ticketFor(key: string, options: TicketOptions = {}): ComputationTicket {
    return this.#parts.resumption.ticketFor(key, options);
  }

  /**
   * Does the work of a ticket: runs the factory and stores its value before it returns it, so that the value is kept
   * even if the process that made the ticket has died. Status `miss`, or `bypass` without Redis; `hit`, without a call
   * of the factory, if a value was stored since `ticketFor` issued the ticket. `stored` is `false` when the key was
   * invalidated meanwhile, or the ticket's lease has passed to another. Without Redis the value is stored later.
   *
   * @throws what the factory throws; nothing is stored then
   * @throws {FactoryTimeoutError} after `hardTimeoutMs`
   * @throws {InvalidTicketError} not a ticket, or a damaged one
   * @throws the signal's reason, when it aborts before the factory is called
   * @example const { value } = await cache.resume(job.ticket, ({ signal }) => ask(job.prompt, signal));
   */
  async resume<T>(
    ticket: ComputationTicket,
    factory: Factory<T>,
    options: ResumeOptions = {},
  ): Promise<CacheResult<T>> {
    return this.#parts.resumption.resume(ticket, factory, options);
  }

  /** Returns the state as known now, without a round trip. */
  getStatus(): RedisCacheStatus {
    const { backend, near, guard } = this.#parts;
    return { backend: backend.kind, nearEntries: near.entries, nearBytes: near.bytes, ...guard.status };
  }

  /** Returns a copy of this instance's counters, which begin at zero with the process. */
  getCounters(): RedisCacheCounters {
    return { ...this.#parts.counters };
  }

  /** Like `isConnected`, and also `false` when the server refuses writes; it overwrites a small key of its own. */
  async isWritable(): Promise<boolean> {
    return this.#parts.guard.runWrite(() => this.#parts.backend.pingWrite().then(() => true), false);
  }

  /**
   * Returns what an operator should fix: a right that the user of Redis lacks, and a Redis that may evict queued requests,
   * dead letters or shared counters while they are in use. Empty if all is well.
   */
  async getWarnings(): Promise<string[]> {
    return [...missingRights(this.#parts.guard.deniedCommands), ...(await this.#parts.evictions.warnings())];
  }
}
