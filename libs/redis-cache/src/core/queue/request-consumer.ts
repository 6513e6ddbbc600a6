import { atMost } from 'nestjs-redis-connection';
import { LeaseEndedError, TryLaterError } from '../errors/errors.js';
import { toLeaseMs } from './call-options.js';
import {
  type RequestConsumerOptions,
  type ResolvedConsumerOptions,
  resolveConsumerOptions,
} from './consumer-options.js';
import { ConsumerPause } from './consumer-pause.js';
import { type Slots, UNLIMITED_SLOTS } from './consumer-slots.js';
import { Delivery, LeaseRenewer } from './deliveries.js';
import { handle } from './observed-handler.js';
import type { ConsumedQueue, Stoppable } from './queue-core.js';
import type { ReservedRequest } from './reservations.js';
import { Settlement } from './settlement.js';

/** Limit of one reserve command. */
const MAX_REQUESTS_PER_FETCH = 500;

/**
 * Reserves requests of a queue, passes them to the handler, at most `concurrency` at a time, and acknowledges them. It
 * renews their leases meanwhile and retries failed ones later. It fetches when requests arrive, and once a second
 * while the queue is not empty.
 *
 * Created by `queue.createConsumer()`, or by `RedisCacheModule.registerConsumer` for a consumer that Nest starts and
 * stops.
 */
export class RequestConsumer<T = unknown> implements Stoppable {
  readonly #queue: ConsumedQueue;
  readonly #options: ResolvedConsumerOptions<T>;
  readonly #leaseMs: number;
  readonly #leases: LeaseRenewer;
  readonly #settlement: Settlement;
  readonly #slots: Slots;
  readonly #pause: ConsumerPause;
  readonly #onSlot = (): boolean => this.#fetchWith(this.#mayFetch ? 1 : 0);
  readonly #prefetched: Delivery<T>[] = [];
  #running = 0;
  #fetching: Promise<void> | undefined;
  #fetchAgain = false;
  #unsubscribe: (() => void) | undefined;
  #onIdle: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  /** @throws {InvalidCallOptionError} an invalid option */
  constructor(queue: ConsumedQueue, options: RequestConsumerOptions<T>) {
    this.#queue = queue;
    this.#options = resolveConsumerOptions(options);
    this.#leaseMs = toLeaseMs(this.#options.leaseSeconds ?? queue.context.leaseSeconds);
    this.#leases = new LeaseRenewer(queue.reservations, this.#leaseMs, () => this.#reportLost());
    this.#slots = this.#options.slots ?? UNLIMITED_SLOTS;
    this.#pause = new ConsumerPause(this.#options.concurrency, () => this.#fetch());
    this.#settlement = new Settlement(queue, this.#leases, this.#options, () => this.#checkIdle());
  }

  /** How many requests are being handled now. */
  get running(): number {
    return this.#running;
  }

  /** Begins to fetch requests. Idempotent; has no effect after `stop()`. */
  start(): void {
    if (this.#stopping || this.#unsubscribe) return;
    const { arrivals, name } = this.#queue.context;
    this.#queue.consumers.add(this);
    this.#unsubscribe = arrivals.subscribe(name, { onArrival: () => this.#fetch() });
    this.#fetch();
  }

  /**
   * Fetches no more requests, and resolves when the running handlers have ended, at the latest after
   * `drainTimeoutMs`. Then their signals abort. Requests that were not handled are released, and their deliveries do
   * not count. Idempotent; never rejects.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  get #room(): number {
    const { concurrency, prefetch } = this.#options;
    const room = concurrency + prefetch - this.#running - this.#prefetched.length;
    return this.#settlement.isFull ? 0 : Math.min(room, MAX_REQUESTS_PER_FETCH);
  }

  get #mayFetch(): boolean {
    return !this.#stopping && !this.#fetching && !this.#pause.isActive && this.#room > 0;
  }

  #fetch(): void {
    this.#fetchAgain = true;
    if (this.#mayFetch) this.#fetchWith(this.#slots.take(this.#room, this.#onSlot));
  }

  #fetchWith(slots: number): boolean {
    if (slots === 0) return false;
    this.#fetching = this.#fetchUntilEmpty(slots);
    return true;
  }

  async #fetchUntilEmpty(slots: number): Promise<void> {
    for (let wanted = slots; wanted > 0; wanted = this.#takeMoreSlots()) {
      this.#fetchAgain = false;
      const reserved = await this.#queue.reservations.reserve<T>(wanted, this.#leaseMs);
      // A full batch means that the queue may hold more.
      this.#fetchAgain ||= reserved.length === wanted;
      this.#slots.release(wanted - reserved.length);
      this.#accept(reserved);
    }
    // Cleared here rather than when the promise settles: a handler that ends in between must be able to fetch.
    this.#fetching = undefined;
  }

  #takeMoreSlots(): number {
    if (!this.#fetchAgain || this.#stopping || this.#pause.isActive || this.#room <= 0) return 0;
    return this.#slots.take(this.#room, this.#onSlot);
  }

  #accept(reserved: ReservedRequest<T>[]): void {
    for (const request of reserved) {
      const delivery = new Delivery(request);
      this.#leases.add(delivery);
      this.#prefetched.push(delivery);
    }
    if (this.#stopping) this.#releasePrefetched();
    else this.#runNext();
  }

  #runNext(): void {
    while (this.#running < this.#options.concurrency && this.#prefetched.length > 0) {
      const delivery = this.#prefetched.shift()!;
      if (delivery.isLost) this.#slots.release(1);
      else void this.#run(delivery);
    }
  }

  async #run(delivery: Delivery<T>): Promise<void> {
    this.#running += 1;
    let failure: { error: unknown } | undefined;
    try {
      await handle(this.#queue.context, this.#options.handler, delivery);
    } catch (error) {
      failure = { error };
    }
    this.#running -= 1;
    if (!delivery.isLost) this.#settle(delivery, failure);
    this.#slots.release(1);
    this.#runNext();
    this.#fetch();
    this.#checkIdle();
  }

  #reportLost(): void {
    const { guard, name: queue } = this.#queue.context;
    guard.states.publish('lease-lost', { queue });
  }

  #settle(delivery: Delivery<T>, failure: { error: unknown } | undefined): void {
    if (failure === undefined) {
      this.#pause.recordSuccess();
      return this.#settlement.acknowledge(delivery);
    }
    // Before the request is released, because its arrival would be fetched at once.
    const { error } = failure;
    if (error instanceof TryLaterError) this.#pause.begin(Math.max(1, error.retryAfterMs));
    else this.#pause.recordFailure();
    this.#settlement.fail(delivery, error);
  }

  async #drain(): Promise<void> {
    this.#unsubscribe?.();
    this.#pause.end();
    this.#releasePrefetched();
    // In sequence, within one timeout: a fetch in progress still brings requests that must be released.
    const idle = (async (): Promise<void> => {
      await this.#fetching;
      await this.#idle();
    })();
    await atMost(this.#options.drainTimeoutMs, idle, undefined);
    await this.#abort();
    this.#leases.stop();
    this.#queue.consumers.delete(this);
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#checkIdle();
    });
  }

  #checkIdle(): void {
    if (this.#running === 0 && this.#settlement.pending === 0) this.#onIdle?.();
  }

  #releasePrefetched(): void {
    const unused = this.#prefetched.splice(0);
    for (const delivery of unused) this.#settlement.release(delivery);
    this.#slots.release(unused.length);
  }

  /** The drain timeout has passed: aborts the handlers and releases their requests. */
  async #abort(): Promise<void> {
    this.#settlement.stop();
    const { deliveries } = this.#leases;
    for (const delivery of deliveries) delivery.lose(new LeaseEndedError('the consumer has stopped'));
    const details = { counts: false };
    await Promise.all(deliveries.map(({ id }) => this.#queue.reservations.release(id, details)));
  }
}
