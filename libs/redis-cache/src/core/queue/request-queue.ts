import { delayMsOf, countOf, idOf, idsOf, leaseMsOf, listOf, reasonOf, waitMsOf } from './call-options.js';
import type { DeadLetter, ReplayOutcome } from './dead-letters.js';
import type { QueueOutcome } from './producer.js';
import type { QueueCore } from './queue-core.js';
import type { ReservedRequest } from './reservations.js';

/** How long a request stays with its consumer. */
export interface LeaseOptions {
  /** Seconds, 0.05 to 86,400; default: the queue's `leaseSeconds` (30). */
  leaseSeconds?: number;
}

export interface WaitOptions {
  /** How long to wait, in milliseconds, at most a day. Default 30,000. */
  timeoutMs?: number;
  /** Ends the waiting; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface ReleaseOptions {
  /** How long the request stays out of reach, in seconds, 0 to 86,400. Default 0: it is the next one. */
  delaySeconds?: number;
  /** `false`: this delivery does not count towards `maxDeliveries`. Default `true`. */
  counts?: boolean;
  /** Why it failed, should it be the last time; kept with the dead letter. At most 1,000 characters. */
  reason?: string;
}

export interface ListDeadLettersOptions {
  /** At most so many, 1 to 10,000. Default 100. */
  limit?: number;
  /** Begin behind this one: the `id` of the last one of the page before. */
  after?: string;
}

/** What a queue holds. */
export interface QueueStats {
  /** Requests that can be had now. */
  waiting: number;
  /** Requests that consumers hold, or that were released with a delay that is not over. */
  reserved: number;
  dead: number;
  /** How long ago the oldest that waits was queued, in seconds; `null` when none waits. */
  oldestAgeSeconds: number | null;
}

const DEFAULT_WAIT_MS = 30_000;
const DEFAULT_PAGE = 100;

/** The parts of a queue, for what works on it from within this package. */
export let coreOf: (queue: RequestQueue) => QueueCore;

/**
 * A queue of requests, first in, first out, in all processes on one Redis. Faults of Redis never throw; what
 * each method answers then is its fallback. Wrong arguments do throw, as rejected promises.
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

  static {
    coreOf = (queue) => queue.#core;
  }

  /** Made by `getQueue()`; see there. */
  constructor(core: QueueCore) {
    this.#core = core;
  }

  /** Name of the queue within the key prefix. */
  get queueName(): string {
    return this.#core.parts.name;
  }

  /**
   * Appends a request to the queue. `false` when unconfirmed, when `queue.maxLength` requests wait, or
   * when JSON cannot carry it (a line is logged).
   *
   * @throws {ValueTooLargeError} above `queue.maxRequestBytes`
   */
  async queueRequest(request: unknown): Promise<boolean> {
    return (await this.#core.producing.push(request)) === 'queued';
  }

  /**
   * Like `queueRequest`, and tells why a request is not in the queue: `full`, `invalid` (JSON cannot carry it), or
   * `unconfirmed` (Redis is unavailable or refuses writes).
   *
   * @throws {ValueTooLargeError} above `queue.maxRequestBytes`
   * @example if ((await queue.queueOutcome(request)) === 'full') throw new TooManyRequestsError();
   */
  async queueOutcome(request: unknown): Promise<QueueOutcome> {
    return this.#core.producing.push(request);
  }

  /**
   * Appends several requests, in their order, as many as there is room for: always the first of them. Answers for
   * each whether it is in the queue now. Nothing is sent when one of them is too large. Up to 1,000 requests and
   * 4 Mi characters of JSON are one round trip and one step; more are several, one after the other.
   *
   * @throws {ValueTooLargeError} above `queue.maxRequestBytes`
   * @throws {InvalidCallOptionError} more than 10,000
   */
  async queueRequests(requests: readonly unknown[]): Promise<boolean[]> {
    return this.#core.producing.pushAll(listOf('requests', requests));
  }

  /** Removes and answers the oldest request; `null` when none waits or Redis is unavailable. */
  async dequeueRequest<T = unknown>(): Promise<T | null> {
    const [taken] = await this.#core.taking.take<T>(1);
    return taken === undefined ? null : taken.request;
  }

  /**
   * Removes and answers the oldest requests, at most `count`, in one round trip. Fallback: `[]`.
   *
   * @throws {InvalidCallOptionError} not a whole number from 1 to 10,000
   */
  async dequeueRequests<T = unknown>(count: number): Promise<T[]> {
    const taken = await this.#core.taking.take<T>(countOf('count', count));
    return taken.map(({ request }) => request);
  }

  /**
   * Removes and answers the oldest request, and waits for one when there is none; `null` when the time is
   * over. Those who wait in one process share one connection of their own, and are served in their order.
   * While Redis is away they go on waiting.
   *
   * @throws {InvalidCallOptionError} a wrong `timeoutMs`
   * @throws the signal's reason, when it aborts
   * @example
   * const job = await cache.waitForRequest<Job>({ timeoutMs: 5_000, signal });
   */
  async waitForRequest<T = unknown>(options: WaitOptions = {}): Promise<T | null> {
    const timeoutMs = waitMsOf(options.timeoutMs ?? DEFAULT_WAIT_MS);
    return this.#core.line.wait<T>(timeoutMs, options.signal);
  }

  /**
   * Hands out the oldest request for a time. It comes back, before new ones, when it is neither acknowledged
   * nor extended until then, and becomes a dead letter after `queue.maxDeliveries`. `null` when none waits or
   * Redis is unavailable.
   *
   * @throws {InvalidCallOptionError} a wrong `leaseSeconds`
   */
  async reserveRequest<T = unknown>(options?: LeaseOptions): Promise<ReservedRequest<T> | null> {
    const [request] = await this.reserveRequests<T>(1, options);
    return request ?? null;
  }

  /**
   * Like `reserveRequest`, at most `count` at once. Fallback: `[]`.
   *
   * @throws {InvalidCallOptionError} a wrong `count` or `leaseSeconds`
   */
  async reserveRequests<T = unknown>(count: number, options?: LeaseOptions): Promise<ReservedRequest<T>[]> {
    return this.#core.reservations.reserve<T>(countOf('count', count), this.#leaseMs(options));
  }

  /**
   * A reserved request was handled: removes it. `false` when that is unconfirmed, or when the request was
   * handed out to another consumer meanwhile, which is then left alone.
   *
   * @throws {InvalidCallOptionError} what is no id
   */
  async acknowledgeRequest(id: string): Promise<boolean> {
    const [done] = await this.#core.reservations.acknowledge([idOf(id)]);
    return done === true;
  }

  /** Like `acknowledgeRequest`, for several at once; answers for each. */
  async acknowledgeRequests(ids: readonly string[]): Promise<boolean[]> {
    const done = await this.#core.reservations.acknowledge(idsOf(ids));
    return done.map((one) => one === true);
  }

  /**
   * Gives a reserved request back: it is the next to be handed out, or a dead letter after
   * `queue.maxDeliveries`. `false` as with `acknowledgeRequest`.
   *
   * @throws {InvalidCallOptionError} what is no id, or a wrong `delaySeconds`
   */
  async releaseRequest(id: string, options: ReleaseOptions = {}): Promise<boolean> {
    const { delaySeconds = 0, counts = true, reason = 'released' } = options;
    const how = { delayMs: delayMsOf(delaySeconds), counts, reason: reasonOf(reason) };
    const released = await this.#core.reservations.release(idOf(id), how);
    return released === 'released' || released === 'dead';
  }

  /**
   * Makes a reserved request a dead letter at once, because no consumer will ever be able to handle it.
   * `false` as with `acknowledgeRequest`.
   *
   * @throws {InvalidCallOptionError} what is no id
   */
  async rejectRequest(id: string, reason = 'rejected'): Promise<boolean> {
    const how = { rejects: true, reason: reasonOf(reason) };
    return (await this.#core.reservations.release(idOf(id), how)) === 'dead';
  }

  /**
   * Lets the lease of a reserved request end `leaseSeconds` from now. `false` as with `acknowledgeRequest`.
   *
   * @throws {InvalidCallOptionError} what is no id, or a wrong `leaseSeconds`
   */
  async extendLease(id: string, options?: LeaseOptions): Promise<boolean> {
    const [done] = await this.#core.reservations.extend([idOf(id)], this.#leaseMs(options));
    return done === true;
  }

  /** How many requests wait; those that are reserved do not. Fallback: 0. */
  async getQueueLength(): Promise<number> {
    const { guard, store, name } = this.#core.parts;
    return guard.run(async () => (await store.length(name)) + this.#core.taking.kept, 0);
  }

  /** What the queue holds. Fallback: nothing at all. */
  async getQueueStats(): Promise<QueueStats> {
    const { guard, store, name } = this.#core.parts;
    const nothing = { waiting: 0, reserved: 0, dead: 0, oldestAgeMs: null };
    const { oldestAgeMs, ...counts } = await guard.run(() => store.contents(name), nothing);
    return { ...counts, oldestAgeSeconds: oldestAgeMs === null ? null : oldestAgeMs / 1000 };
  }

  /**
   * Requests that failed for good, the oldest first. Fallback: `[]`.
   *
   * @throws {InvalidCallOptionError} a wrong `limit` or `after`
   */
  async listDeadLetters<T = unknown>(options: ListDeadLettersOptions = {}): Promise<DeadLetter<T>[]> {
    const { limit = DEFAULT_PAGE, after } = options;
    return this.#core.dead.list<T>(countOf('limit', limit), after === undefined ? undefined : idOf(after));
  }

  /**
   * Appends a dead letter to the queue again, as a new request. `false` when there is no such one, when
   * `queue.maxLength` requests wait, or when unconfirmed.
   *
   * @throws {InvalidCallOptionError} what is no id
   */
  async replayDeadLetter(id: string): Promise<boolean> {
    return (await this.replayOutcome(id)) === 'replayed';
  }

  /**
   * Like `replayDeadLetter`, and tells why one is not in the queue: `unknown`, `full`, or `unconfirmed`.
   *
   * @throws {InvalidCallOptionError} what is no id
   */
  async replayOutcome(id: string): Promise<ReplayOutcome> {
    return this.#core.dead.replay(idOf(id));
  }

  /** Removes all dead letters. Fallback: `false`. */
  async clearDeadLetters(): Promise<boolean> {
    return this.#core.dead.clear();
  }

  /** Removes every request of this queue, reserved ones included; dead letters stay. Fallback: `false`. */
  async clearQueue(): Promise<boolean> {
    const { guard, store, name } = this.#core.parts;
    return guard.run(async () => {
      await store.clear(name);
      this.#core.taking.forget();
      return true;
    }, false);
  }

  #leaseMs(options: LeaseOptions = {}): number {
    return leaseMsOf(options.leaseSeconds ?? this.#core.parts.leaseSeconds);
  }
}
