import type { TallyBatch, WindowCount } from './backend/counter-store.js';
import { assertKey } from './entry/cache-key.js';
import type { CacheResult, Factory } from './cache/cache-result.js';
import type { PlainHits } from './cache/plain-hits.js';
import type { ComputationTicket } from './cache/computation-ticket.js';
import type { CacheLookup } from './cache/response-cache.js';
import type { GetOrSetOptions, ResumeOptions, TicketOptions } from './options/get-or-set-options.js';
import type { NamedQueueOptions } from './options/redis-cache-options.js';
import { RequestQueue } from './queue/request-queue.js';
import type { RedisCacheParts, ResponseToCache } from './redis-cache.parts.js';
import type { RedisCacheStatus } from './redis-cache-status.js';
import type { RedisCacheCounters } from './counters/counters.js';

/**
 * Response cache and request queue on Redis that keep serving when Redis does not. The service is itself the
 * queue that the module's options name; `getQueue()` answers others.
 *
 * A fault of Redis never throws: refused, frozen, read-only, out of memory, wrong password or bad
 * stored data become the fallback that each method names, at the latest after `commandTimeoutMs`, and
 * at once while the circuit breaker is open. Wrong arguments do throw, as rejected promises.
 *
 * @example
 * constructor(private readonly cache: RedisCacheService) {}
 *
 * async answer(promptHash: string): Promise<Answer> {
 *   const cached = await this.cache.getCachedResponse<Answer>(promptHash);
 *   if (cached !== null) return cached;
 *   const answer = await this.compute();
 *   await this.cache.cacheResponse(promptHash, answer, 3600);
 *   return answer;
 * }
 */
export class RedisCacheService extends RequestQueue {
  constructor(private readonly parts: RedisCacheParts) {
    super(parts.queues.default);
  }

  /** Hits at the least cost, for a hot path of your own in front of `getOrSet`. */
  get hits(): PlainHits {
    return this.parts.hits;
  }

  /**
   * Another queue beside the one that this service is itself, by a name of 1 to 128 characters. The options
   * say what is different from the module's; whoever asks first for a name decides.
   *
   * @throws {InvalidCallOptionError} a wrong name or option, or an option that is different from before
   * @example const mails = cache.getQueue('mails', { maxLength: 1_000 });
   */
  getQueue(name: string, options?: NamedQueueOptions): RequestQueue {
    return new RequestQueue(this.parts.queues.get(name, options));
  }

  /** Whether Redis answers, by a real round trip. Fallback: `false`. */
  async isConnected(): Promise<boolean> {
    const { guard, backend } = this.parts;
    return guard.run(() => backend.ping().then(() => true), false);
  }

  /**
   * Stores a response. `true` once Redis has confirmed it; `false` means unconfirmed: Redis is
   * unavailable or refuses writes, or JSON cannot carry the value (a line is logged).
   *
   * @param promptHash key, used literally, 1 to 1,024 characters
   * @param response anything that JSON can carry
   * @param ttlSeconds time to live in seconds, above 0; default: the module's `ttlSeconds` (3,600)
   * @throws {InvalidKeyError} empty, over-long or ill-formed key
   * @throws {InvalidTtlError} not a positive finite number
   * @throws {ValueTooLargeError} above `maxValueBytes`
   */
  cacheResponse(
    promptHash: string,
    response: unknown,
    ttlSeconds: number = this.parts.ttlSeconds,
  ): Promise<boolean> {
    return this.parts.cache.set(promptHash, response, ttlSeconds);
  }

  /**
   * The stored response, or `null` when there is none, it has expired, it is unreadable (it is then
   * removed), or Redis is unavailable.
   *
   * @throws {InvalidKeyError} empty, over-long or ill-formed key
   */
  getCachedResponse<T = unknown>(promptHash: string): Promise<T | null> {
    return this.parts.cache.near<T>(promptHash) ?? this.parts.cache.value<T>(promptHash);
  }

  /**
   * Like `getCachedResponse`, and tells a hit, a miss and an unavailable Redis apart, with the age and
   * the remaining TTL of a hit.
   *
   * @throws {InvalidKeyError} empty, over-long or ill-formed key
   * @example
   * const found = await cache.lookup<Answer>(key);
   * if (found.status === 'hit') reply.header('Age', Math.floor(found.ageSeconds ?? 0));
   */
  lookup<T = unknown>(promptHash: string): Promise<CacheLookup<T>> {
    return this.parts.cache.lookup<T>(promptHash);
  }

  /**
   * The stored response as the bytes of its JSON, unread, to be sent on; `null` when Redis has none or is
   * unavailable. Always asks Redis: near copies hold values, not bytes.
   *
   * @throws {InvalidKeyError} empty, over-long or ill-formed key
   * @example
   * const json = await cache.getCachedBytes(key);
   */
  getCachedBytes(promptHash: string): Promise<Buffer | null> {
    return this.parts.cache.bytes(promptHash);
  }

  /**
   * The cached value, or what the factory computes, which is then cached. However many callers ask for a
   * key at the same time, here and in all processes on one Redis, the factory runs once, and all get its
   * value or its failure. Values are shared, hence frozen.
   *
   * Without Redis the factory still runs once per process, and its result is stored when Redis is back.
   *
   * @throws what the factory throws; `RemoteFactoryError` with its message and code where another process ran it
   * @throws {FactoryTimeoutError} after `hardTimeoutMs`
   * @throws {InvalidKeyError} {@link InvalidTtlError} {@link InvalidTagError} {@link InvalidCallOptionError}
   * @throws the signal's reason, when it aborts
   * @example
   * const answer = await cache.getOrSet(key, ({ signal }) => ask(prompt, signal), { ttlSeconds: 600 });
   */
  getOrSet<T>(key: string, factory: Factory<T>, options?: GetOrSetOptions): Promise<T> {
    return this.parts.getOrSet.value(key, factory, options);
  }

  /** Like `getOrSet`, and tells where the value came from, how old it is and how long it will live. */
  getOrSetEntry<T>(key: string, factory: Factory<T>, options?: GetOrSetOptions): Promise<CacheResult<T>> {
    return this.parts.getOrSet.entry(key, factory, options);
  }

  /**
   * A ticket for work that is submitted without waiting for it; where somebody waits, `getOrSet` gives one to
   * its factory. Plain JSON, made without asking Redis.
   * @throws {InvalidKeyError} {@link InvalidTtlError} {@link InvalidTagError} {@link InvalidCallOptionError}
   * @example await jobs.add({ prompt, ticket: cache.ticketFor(key, { ttlSeconds: 600 }) });
   */
  ticketFor(key: string, options: TicketOptions = {}): ComputationTicket {
    return this.parts.resumption.ticketFor(key, options);
  }

  /**
   * Does work by a ticket: runs the factory and stores its value before it answers with it, so that the value
   * is not lost when the process that handed the work out has died meanwhile. It is answered and not stored
   * when the key was invalidated while it worked, or another computation has the lease. Without Redis it is
   * stored when Redis is back.
   *
   * @throws what the factory throws; nothing is stored then
   * @throws {FactoryTimeoutError} after `hardTimeoutMs`
   * @throws {InvalidTicketError} not a ticket, or a damaged one
   * @throws the signal's reason, when it aborts before the factory is called
   * @example const answer = await cache.resume(job.ticket, ({ signal }) => ask(job.prompt, signal));
   */
  async resume<T>(ticket: ComputationTicket, factory: Factory<T>, options: ResumeOptions = {}): Promise<T> {
    return (await this.parts.resumption.resume(ticket, factory, options)).value;
  }

  /** Like `resume`, and tells whether the value was stored. Its status is `miss`, or `bypass` without Redis. */
  async resumeEntry<T>(
    ticket: ComputationTicket,
    factory: Factory<T>,
    options: ResumeOptions = {},
  ): Promise<CacheResult<T>> {
    return this.parts.resumption.resume(ticket, factory, options);
  }

  /**
   * Removes an entry. A computation of it that began before can no longer store its result.
   * `false` when Redis has not confirmed it.
   *
   * @throws {InvalidKeyError} empty, over-long or ill-formed key
   */
  async delete(key: string): Promise<boolean> {
    return this.parts.invalidation.delete([key]);
  }

  /** Like `delete`, for several entries at once. */
  async deleteMany(keys: readonly string[]): Promise<boolean> {
    return this.parts.invalidation.delete(keys);
  }

  /**
   * Makes every entry invalid that carries one of the tags, at a cost that does not depend on how many
   * there are; also the results of computations that began before. `false` when Redis has not confirmed it.
   *
   * @throws {InvalidTagError} an empty or over-long tag, or too many
   */
  async invalidateTags(...tags: string[]): Promise<boolean> {
    return this.parts.invalidation.invalidateTags(tags);
  }

  /**
   * Several stored responses, in the order of the keys, `null` for each that could not be had; all are
   * asked for before the first answer comes.
   *
   * @throws {InvalidKeyError} empty, over-long or ill-formed key
   */
  async getMany<T = unknown>(promptHashes: readonly string[]): Promise<(T | null)[]> {
    for (const key of promptHashes) assertKey(key, 'promptHash');
    return Promise.all(promptHashes.map((key) => this.getCachedResponse<T>(key)));
  }

  /**
   * Stores several responses, all sent before the first is confirmed. Answers for each whether it was.
   * When one of them is a wrong argument, none is stored.
   *
   * @throws what `cacheResponse` throws
   */
  async setMany(responses: readonly ResponseToCache[]): Promise<boolean[]> {
    const { cache, ttlSeconds } = this.parts;
    for (const response of responses)
      cache.assertStorable(response.promptHash, response.response, response.ttlSeconds ?? ttlSeconds);
    return Promise.all(
      responses.map((one) => this.cacheResponse(one.promptHash, one.response, one.ttlSeconds)),
    );
  }

  /**
   * Removes every cached response of this prefix and nothing else. `false`: not confirmed, perhaps in part.
   */
  async clearCache(): Promise<boolean> {
    return this.parts.invalidation.clear();
  }

  /**
   * Adds to the fields of a tally, all or none: sums that all processes share and that `clearCache` leaves
   * alone. `false` means unconfirmed; with a `batch` it may be sent again until confirmed, and counts once.
   *
   * @throws {InvalidKeyError} {@link InvalidCallOptionError}
   * @example await cache.addToTally('savings', { hits: 1, dollars: 0.04 }, { writer, sequence: 7 });
   */
  async addToTally(
    name: string,
    increments: Readonly<Record<string, number>>,
    batch?: TallyBatch,
  ): Promise<boolean> {
    return this.parts.shared.add(name, increments, batch);
  }

  /** Every field of a tally; none when nothing was added yet. Fallback: `null`. */
  async readTally(name: string): Promise<Record<string, number> | null> {
    return this.parts.shared.read(name);
  }

  /**
   * Counts within a window that all processes share and that ends `windowMs` milliseconds after its first
   * count. Fallback: `null`, so that a limiter can let the call pass.
   *
   * @throws {InvalidKeyError} {@link InvalidCallOptionError}
   * @example const tooMany = ((await cache.countInWindow(`calls:${user}`, 60_000))?.count ?? 0) > 600;
   */
  async countInWindow(name: string, windowMs: number, amount: number = 1): Promise<WindowCount | null> {
    return this.parts.shared.countInWindow(name, windowMs, amount);
  }

  /**
   * Lets the queue's consumers finish, within their `drainTimeoutMs`, then closes the connection, unless it
   * is the user's own. Idempotent.
   */
  async close(): Promise<void> {
    await this.parts.queues.close();
    await this.parts.guard.close();
  }

  /**
   * Like `isConnected`, and also `false` when the server refuses writes (a read-only replica, out of
   * memory): it overwrites a small key of its own.
   */
  async isWritable(): Promise<boolean> {
    const { guard, backend } = this.parts;
    return guard.runWrite(() => backend.pingWrite().then(() => true), false);
  }

  /** The state as it is known now, without a round trip. */
  getStatus(): RedisCacheStatus {
    const { backend, near, guard } = this.parts;
    return { backend: backend.kind, nearEntries: near.entries, nearBytes: near.bytes, ...guard.status };
  }

  /** A copy of the counters, which begin at zero with the process. */
  getCounters(): RedisCacheCounters {
    return { ...this.parts.counters };
  }
}
