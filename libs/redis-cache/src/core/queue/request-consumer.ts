import { LeaseEndedError } from '../errors/errors.js';
import { atMost } from '../util/at-most.js';
import { leaseMsOf } from './call-options.js';
import type { Drainable, QueueCore } from './queue-core.js';
import { coreOf, type RequestQueue } from './request-queue.js';
import type { ReservedRequest } from './reservations.js';
import { backOffMs } from '../util/back-off.js';
import {
  type RequestConsumerOptions,
  type ResolvedConsumerOptions,
  resolveConsumerOptions,
} from './consumer-options.js';
import { type Slots, UNSHARED_SLOTS } from './consumer-slots.js';
import { Job } from './job.js';
import { LeaseKeeper } from './deliveries.js';
import { Pause } from './consumer-pause.js';
import { Settling } from './settlement.js';

/** So many are asked for at once. */
const MAX_AT_ONCE = 500;
/** Beside as many failures in a row as there are handlers, these are put down to the requests. */
const FORGIVEN_FAILURES = 4;
const FAILURE_PAUSE_MS = 250;
const MAX_FAILURE_PAUSE_MS = 30_000;

/**
 * Works on a queue: reserves requests, has them handled, a number at a time, and acknowledges them. It renews
 * their leases meanwhile, tries again later what failed, and at a shutdown lets handlers finish for a while and
 * gives back the rest. It is woken when requests come, and looks once a second besides.
 *
 * A provider that Nest starts and stops (see `RedisCacheModule.registerConsumer`), or a plain object.
 *
 * @example
 * const consumer = new RequestConsumer(cache, { handler: ({ data }) => send(data), concurrency: 5 });
 * consumer.start();
 * await consumer.stop();
 */
export class RequestConsumer<T = unknown> implements Drainable {
  readonly #core: QueueCore;
  readonly #options: ResolvedConsumerOptions<T>;
  readonly #leaseMs: number;
  readonly #leases: LeaseKeeper;
  readonly #settling: Settling;
  readonly #slots: Slots;
  readonly #onSlot = (): boolean => this.#fetchWith(this.#mayFetch ? 1 : 0);
  readonly #pause = new Pause(() => this.#fill());
  readonly #ahead: Job<T>[] = [];
  #running = 0;
  #failures = 0;
  #fetching: Promise<void> | undefined;
  #fetchAgain = false;
  #unlisten: (() => void) | undefined;
  #onIdle: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  /**
   * @param queue the service itself for its own queue, or what `getQueue()` answers
   * @throws {InvalidCallOptionError} a wrong option
   */
  constructor(queue: RequestQueue, options: RequestConsumerOptions<T>) {
    this.#core = coreOf(queue);
    this.#options = resolveConsumerOptions(options);
    this.#leaseMs = leaseMsOf(this.#options.leaseSeconds ?? this.#core.parts.leaseSeconds);
    this.#leases = new LeaseKeeper(this.#core.reservations, this.#leaseMs);
    this.#slots = this.#options.slots ?? UNSHARED_SLOTS;
    this.#settling = new Settling(this.#core, this.#leases, this.#options, () => this.#checkIdle());
  }

  /** How many requests are being handled now. */
  get running(): number {
    return this.#running;
  }

  /** Begins. Once is enough; after `stop()` it has no effect. */
  start(): void {
    if (this.#stopping || this.#unlisten) return;
    const { arrivals, name } = this.#core.parts;
    this.#core.consumers.add(this);
    this.#unlisten = arrivals.onArrival(name, () => this.#fill());
    this.#fill();
  }

  /**
   * Takes no more requests, and resolves when those that are being handled have ended, at the latest after
   * `drainTimeoutMs`: their signals then abort, and they are given back, as is what was fetched ahead. Such a
   * delivery does not count. Idempotent; never rejects.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  onApplicationBootstrap(): void {
    this.start();
  }

  // Waiting here would hold up the rest of the shutdown, which may have its own time to wait.
  beforeApplicationShutdown(): void {
    void this.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stop();
  }

  get #room(): number {
    const { concurrency, prefetch } = this.#options;
    const room = concurrency + prefetch - this.#running - this.#ahead.length;
    return this.#settling.isFull ? 0 : Math.min(room, MAX_AT_ONCE);
  }

  get #mayFetch(): boolean {
    return !this.#stopping && !this.#fetching && !this.#pause.active && this.#room > 0;
  }

  #fill(): void {
    this.#fetchAgain = true;
    if (this.#mayFetch) this.#fetchWith(this.#slots.take(this.#room, this.#onSlot));
  }

  #fetchWith(slots: number): boolean {
    if (slots === 0) return false;
    this.#fetching = this.#fetch(slots);
    return true;
  }

  async #fetch(slots: number): Promise<void> {
    for (let wanted = slots; wanted > 0; wanted = this.#takeMore()) {
      this.#fetchAgain = false;
      const found = await this.#core.reservations.reserve<T>(wanted, this.#leaseMs);
      // Where as many were there as were asked for, more may be.
      this.#fetchAgain ||= found.length === wanted;
      this.#slots.giveBack(wanted - found.length);
      this.#accept(found);
    }
    // At once, not when the promise is settled: a handler that ends in between would ask in vain.
    this.#fetching = undefined;
  }

  #takeMore(): number {
    if (!this.#fetchAgain || this.#stopping || this.#pause.active || this.#room <= 0) return 0;
    return this.#slots.take(this.#room, this.#onSlot);
  }

  #accept(found: ReservedRequest<T>[]): void {
    for (const request of found) {
      const job = new Job(request);
      this.#leases.hold(job);
      this.#ahead.push(job);
    }
    if (this.#stopping) this.#giveBackAhead();
    else this.#runNext();
  }

  #runNext(): void {
    while (this.#running < this.#options.concurrency && this.#ahead.length > 0) {
      const job = this.#ahead.shift()!;
      if (job.lost) this.#slots.giveBack(1);
      else void this.#run(job);
    }
  }

  async #run(job: Job<T>): Promise<void> {
    this.#running += 1;
    let failure: { error: unknown } | undefined;
    try {
      await this.#options.handler(job.request, job);
    } catch (error) {
      failure = { error };
    }
    this.#running -= 1;
    if (!job.lost) this.#end(job, failure);
    this.#slots.giveBack(1);
    this.#runNext();
    this.#fill();
    this.#checkIdle();
  }

  #end(job: Job<T>, failure: { error: unknown } | undefined): void {
    if (failure === undefined) {
      this.#failures = 0;
      return this.#settling.acknowledge(job);
    }
    const pauseMs = this.#settling.fail(job, failure.error);
    if (pauseMs > 0) return this.#pause.begin(pauseMs);
    this.#failures += 1;
    const tooMany = this.#failures - this.#options.concurrency - FORGIVEN_FAILURES;
    // It is hardly the requests that are to blame: without a pause all of them would die.
    if (tooMany > 0) this.#pause.begin(backOffMs(tooMany, FAILURE_PAUSE_MS, MAX_FAILURE_PAUSE_MS));
  }

  async #drain(): Promise<void> {
    this.#unlisten?.();
    this.#pause.end();
    this.#giveBackAhead();
    // One after the other within one time: what was being fetched has to be given back first.
    const idle = (async (): Promise<void> => {
      await this.#fetching;
      await this.#idle();
    })();
    await atMost(this.#options.drainTimeoutMs, idle, undefined);
    await this.#abandon();
    this.#leases.stop();
    this.#core.consumers.delete(this);
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#checkIdle();
    });
  }

  #checkIdle(): void {
    if (this.#running === 0 && this.#settling.size === 0) this.#onIdle?.();
  }

  #giveBackAhead(): void {
    const unused = this.#ahead.splice(0);
    for (const job of unused) this.#settling.giveBack(job);
    this.#slots.giveBack(unused.length);
  }

  /** The time is over: handlers are told, and their requests given back. */
  async #abandon(): Promise<void> {
    this.#settling.stop();
    const left = this.#leases.held;
    for (const job of left) job.lose(new LeaseEndedError('the consumer has stopped'));
    const how = { counts: false };
    await Promise.all(left.map(({ id }) => this.#core.reservations.release(id, how)));
  }
}
