import {
  checkedCount,
  checkedId,
  checkedIds,
  checkedList,
  checkedWaitMs,
  LEASE_OPTIONS,
  type LeaseOptions,
  LIST_OPTIONS,
  type ListDeadLettersOptions,
  RELEASE_OPTIONS,
  type ReleaseOptions,
  toDelayMs,
  toLeaseMs,
  toReason,
  WAIT_OPTIONS,
  type WaitOptions,
} from './call-options.js';
import type { RequestConsumerOptions } from './consumer-options.js';
import type { DeadLetter, ReplayOutcome } from './dead-letters.js';
import type { QueueOutcome } from './producer.js';
import type { QueueCore } from './queue-core.js';
import { RequestConsumer } from './request-consumer.js';
import type { ReservedRequest } from './reservations.js';

/** How many requests a queue holds, by state. */
export interface QueueStats {
  /** Requests that are available now. */
  waiting: number;
  /** Requests that consumers hold, or that were released with a delay that has not passed yet. */
  reserved: number;
  /** Dead letters. */
  dead: number;
  /** Bytes of the waiting and reserved requests, as `queue.maxBytes` counts them. */
  bytes: number;
  /** Time since the oldest waiting request was queued, in seconds; `null` when none waits. */
  oldestAgeSeconds: number | null;
}

const DEFAULT_PAGE_SIZE = 100;

/**
 * A first-in, first-out queue of requests, shared by all processes on one Redis. Faults of Redis never throw: each
 * method returns its fallback instead. Invalid arguments do throw, as rejected promises.
 *
 * @example
 * const request = await queue.reserveRequest<Job>({ leaseSeconds: 60 });
 * if (request !== null) {
 *   await handle(request.data);
 *   await queue.acknowledgeRequest(request.id);
 * }
 */
export class RequestQueue {
  readonly #core: QueueCore;

  /** Called by the cache; `cache.queue(name?)` returns its queues. */
  constructor(core: QueueCore) {
    this.#core = core;
  }

  /** Name of the queue within the key prefix. */
  get queueName(): string {
    return this.#core.context.name;
  }

  /**
   * Appends a request. `false` when `queue.maxLength` requests wait, when it does not fit into `queue.maxBytes`, when
   * JSON cannot carry it (one line is logged), or when Redis has not confirmed it.
   *
   * @throws {ValueTooLargeError} above `queue.maxRequestBytes`
   */
  async queueRequest(request: unknown): Promise<boolean> {
    return (await this.queueOutcome(request)) === 'queued';
  }

  /**
   * Like `queueRequest`, and returns why a request was not queued: `full` (`getQueueStats()` shows which limit was
   * reached), `invalid` (JSON cannot carry it), or `unconfirmed` (Redis is unavailable or refuses writes).
   *
   * @throws {ValueTooLargeError} above `queue.maxRequestBytes`
   * @example if ((await queue.queueOutcome(request)) === 'full') throw new TooManyRequestsError();
   */
  async queueOutcome(request: unknown): Promise<QueueOutcome> {
    return this.#core.producer.push(request);
  }

  /**
   * Appends requests in order until the queue is full. Returns for each whether it is in the queue. When one is too
   * large, none is sent. Up to 1,000 requests and 4 Mi characters of JSON travel in one atomic command, more in
   * several.
   *
   * @throws {ValueTooLargeError} above `queue.maxRequestBytes`
   * @throws {InvalidCallOptionError} more than 10,000 requests
   */
  async queueRequests(requests: readonly unknown[]): Promise<boolean[]> {
    return this.#core.producer.pushAll(checkedList('requests', requests));
  }

  /** Removes and returns the oldest request; `null` when none waits or Redis is unavailable. */
  async dequeueRequest<T = unknown>(): Promise<T | null> {
    const [dequeued] = await this.#core.dequeuer.dequeue<T>(1);
    return dequeued === undefined ? null : dequeued.request;
  }

  /**
   * Removes and returns the oldest requests, at most `count`, in one round trip. Fallback: `[]`.
   *
   * @throws {InvalidCallOptionError} `count` is not a whole number from 1 to 10,000
   */
  async dequeueRequests<T = unknown>(count: number): Promise<T[]> {
    const dequeued = await this.#core.dequeuer.dequeue<T>(checkedCount('count', count));
    return dequeued.map(({ request }) => request);
  }

  /**
   * Removes and returns the oldest request, and waits for one if necessary; `null` after the timeout. All waiting
   * calls in a process share one extra connection and are served in order. They keep waiting while Redis is
   * unavailable.
   *
   * @throws {InvalidCallOptionError} an invalid `timeoutMs`
   * @throws the signal's reason, when it aborts
   * @example
   * const job = await queue.waitForRequest<Job>({ timeoutMs: 5_000, signal });
   */
  async waitForRequest<T = unknown>(options: WaitOptions = {}): Promise<T | null> {
    WAIT_OPTIONS.check(options);
    return this.#core.waiters.wait<T>(checkedWaitMs(options.timeoutMs), options.signal);
  }

  /**
   * Reserves the oldest request until its lease ends. Unless it is acknowledged or extended by then, it comes back
   * before new requests; after `queue.maxDeliveries` deliveries it becomes a dead letter. `null` when none waits or
   * Redis is unavailable.
   *
   * @throws {InvalidCallOptionError} an invalid `leaseSeconds`
   */
  async reserveRequest<T = unknown>(options?: LeaseOptions): Promise<ReservedRequest<T> | null> {
    const [request] = await this.reserveRequests<T>(1, options);
    return request ?? null;
  }

  /**
   * Like `reserveRequest`, for at most `count` requests. Fallback: `[]`.
   *
   * @throws {InvalidCallOptionError} an invalid `count` or `leaseSeconds`
   */
  async reserveRequests<T = unknown>(count: number, options?: LeaseOptions): Promise<ReservedRequest<T>[]> {
    return this.#core.reservations.reserve<T>(checkedCount('count', count), this.#leaseMs(options));
  }

  /**
   * Removes a reserved request that has been handled. `false` when Redis has not confirmed it, or when the request
   * was delivered again since, which leaves it with its new consumer.
   *
   * @throws {InvalidCallOptionError} an invalid id
   */
  async acknowledgeRequest(id: string): Promise<boolean> {
    const [removed] = await this.#core.reservations.acknowledge([checkedId(id)]);
    return removed === true;
  }

  /** Like `acknowledgeRequest`, for several at once; returns the result for each. */
  async acknowledgeRequests(ids: readonly string[]): Promise<boolean[]> {
    const removed = await this.#core.reservations.acknowledge(checkedIds(ids));
    return removed.map((one) => one === true);
  }

  /**
   * Returns a reserved request to the head of the queue, or makes it a dead letter after `queue.maxDeliveries`
   * deliveries. `false` as for `acknowledgeRequest`.
   *
   * @throws {InvalidCallOptionError} an invalid id or `delaySeconds`
   */
  async releaseRequest(id: string, options: ReleaseOptions = {}): Promise<boolean> {
    RELEASE_OPTIONS.check(options);
    const { delaySeconds = 0, counts = true, reason = 'released' } = options;
    const details = { delayMs: toDelayMs(delaySeconds), counts, reason: toReason(reason) };
    const result = await this.#core.reservations.release(checkedId(id), details);
    return result === 'released' || result === 'dead';
  }

  /**
   * Makes a reserved request a dead letter at once, for requests that no consumer can ever handle. `false` as for
   * `acknowledgeRequest`.
   *
   * @throws {InvalidCallOptionError} an invalid id
   */
  async rejectRequest(id: string, reason = 'rejected'): Promise<boolean> {
    const details = { rejects: true, reason: toReason(reason) };
    return (await this.#core.reservations.release(checkedId(id), details)) === 'dead';
  }

  /**
   * Sets the lease of a reserved request to end `leaseSeconds` from now. `false` as for `acknowledgeRequest`.
   *
   * @throws {InvalidCallOptionError} an invalid id or `leaseSeconds`
   */
  async extendLease(id: string, options?: LeaseOptions): Promise<boolean> {
    const [extended] = await this.#core.reservations.extend([checkedId(id)], this.#leaseMs(options));
    return extended === true;
  }

  /**
   * A consumer of this queue: it reserves requests, passes them to the handler and acknowledges them. It begins with
   * `start()`; `RedisCacheModule.registerConsumer` creates one that Nest starts and stops.
   *
   * @throws {InvalidCallOptionError} an invalid option
   * @example
   * const consumer = queue.createConsumer<Mail>({ handler: ({ data }) => send(data), concurrency: 5 });
   * consumer.start();
   * await consumer.stop();
   */
  createConsumer<T = unknown>(options: RequestConsumerOptions<T>): RequestConsumer<T> {
    return new RequestConsumer(this.#core, options);
  }

  /** How many requests wait, without the reserved ones. Fallback: 0. */
  async getQueueLength(): Promise<number> {
    const { guard, store, name } = this.#core.context;
    return guard.run(async () => (await store.length(name)) + this.#core.dequeuer.lateCount, 0);
  }

  /** How many requests the queue holds, by state. Fallback: zeros and `null`. */
  async getQueueStats(): Promise<QueueStats> {
    const { guard, store, name } = this.#core.context;
    const nothing = { waiting: 0, reserved: 0, dead: 0, bytes: 0, oldestAgeMs: null };
    const { oldestAgeMs, ...counts } = await guard.run(() => store.contents(name), nothing);
    return { ...counts, oldestAgeSeconds: oldestAgeMs === null ? null : oldestAgeMs / 1000 };
  }

  /**
   * Requests that failed for good, the oldest first. Fallback: `[]`.
   *
   * @throws {InvalidCallOptionError} an invalid `limit` or `after`
   */
  async listDeadLetters<T = unknown>(options: ListDeadLettersOptions = {}): Promise<DeadLetter<T>[]> {
    LIST_OPTIONS.check(options);
    const { limit = DEFAULT_PAGE_SIZE, after } = options;
    const afterId = after === undefined ? undefined : checkedId(after, 'after');
    return this.#core.deadLetters.list<T>(checkedCount('limit', limit), afterId);
  }

  /**
   * Moves a dead letter to the end of the queue, as a new request. `false` when there is no dead letter with this id,
   * when the queue is full, or when Redis has not confirmed it.
   *
   * @throws {InvalidCallOptionError} an invalid id
   */
  async replayDeadLetter(id: string): Promise<boolean> {
    return (await this.replayOutcome(id)) === 'replayed';
  }

  /**
   * Like `replayDeadLetter`, and returns why it was not replayed: `unknown`, `full`, or `unconfirmed`.
   *
   * @throws {InvalidCallOptionError} an invalid id
   */
  async replayOutcome(id: string): Promise<ReplayOutcome> {
    return this.#core.deadLetters.replay(checkedId(id));
  }

  /** Removes all dead letters. Fallback: `false`. */
  async clearDeadLetters(): Promise<boolean> {
    return this.#core.deadLetters.clear();
  }

  /** Removes all requests, including reserved ones; dead letters stay. Fallback: `false`. */
  async clearQueue(): Promise<boolean> {
    const { guard, store, name } = this.#core.context;
    return guard.run(async () => {
      await store.clear(name);
      this.#core.dequeuer.takeLate();
      return true;
    }, false);
  }

  #leaseMs(options: LeaseOptions = {}): number {
    LEASE_OPTIONS.check(options);
    return toLeaseMs(options.leaseSeconds ?? this.#core.context.leaseSeconds);
  }
}
