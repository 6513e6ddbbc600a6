import { RejectRequestError, TryLaterError } from '../errors/errors.js';
import { reasonOf } from './call-options.js';
import type { QueueCore } from './queue-core.js';
import { backOffMs } from '../util/back-off.js';
import type { ResolvedConsumerOptions } from './consumer-options.js';
import type { Job } from './job.js';
import type { LeaseKeeper } from './deliveries.js';

/** While Redis is away, what was handled is told again this often, in milliseconds. */
const RETRY_MS = 250;
const MAX_RETRY_MS = 1_000;
/** With more handled requests that Redis does not know of yet, no others are taken. */
const MAX_UNSETTLED = 1_000;
const GIVEN_BACK = { counts: false };

/** Tells Redis what became of requests, until it has heard. */
export class Settling {
  #size = 0;
  #stopped = false;
  /** Handled within this turn of the event loop. */
  #handled: Job<unknown>[] = [];
  readonly #timers = new Map<NodeJS.Timeout, () => void>();

  constructor(
    private readonly core: QueueCore,
    private readonly leases: LeaseKeeper,
    private readonly options: Pick<ResolvedConsumerOptions<never>, 'retryDelayMs' | 'maxRetryDelayMs'>,
    private readonly onSettled: () => void,
  ) {}

  /** How many Redis has not heard of yet. */
  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= MAX_UNSETTLED;
  }

  acknowledge(job: Job<unknown>): void {
    this.#size += 1;
    // Those that end within one turn are told of together.
    if (this.#handled.push(job) === 1) process.nextTick(() => void this.#acknowledgeHandled());
  }

  giveBack(job: Job<unknown>): void {
    void this.#settle(job, () => this.core.reservations.release(job.id, GIVEN_BACK));
  }

  /** The handler threw. Answers for how long no other request should be taken, in milliseconds. */
  fail(job: Job<unknown>, error: unknown): number {
    if (error instanceof TryLaterError) {
      this.giveBack(job);
      return Math.max(1, error.retryAfterMs);
    }
    this.#report(job, error);
    const reason = reasonOf(error instanceof Error ? error.message : 'the handler threw no error');
    const { retryDelayMs, maxRetryDelayMs } = this.options;
    const delayMs = Math.ceil(backOffMs(job.request.deliveries, retryDelayMs, maxRetryDelayMs));
    const how = error instanceof RejectRequestError ? { rejects: true, reason } : { delayMs, reason };
    void this.#settle(job, () => this.core.reservations.release(job.id, how));
    return 0;
  }

  /** Gives up telling. */
  stop(): void {
    this.#stopped = true;
    for (const [timer, wake] of this.#timers) {
      clearTimeout(timer);
      wake();
    }
    this.#timers.clear();
  }

  async #acknowledgeHandled(): Promise<void> {
    let jobs = this.#handled;
    this.#handled = [];
    for (let attempt = 1; ; attempt += 1) {
      const told = await this.core.reservations.acknowledge(jobs.map(({ id }) => id));
      const untold = this.#stopped ? [] : jobs.filter((job, index) => told[index] === null && !job.lost);
      for (const job of jobs) if (!untold.includes(job)) this.#settled(job);
      if (untold.length === 0) return this.onSettled();
      jobs = untold;
      await this.#wait(backOffMs(attempt, RETRY_MS, MAX_RETRY_MS));
    }
  }

  async #settle(job: Job<unknown>, tell: () => Promise<unknown>): Promise<void> {
    this.#size += 1;
    for (let attempt = 1; (await tell()) === null && !this.#stopped && !job.lost; attempt += 1) {
      await this.#wait(backOffMs(attempt, RETRY_MS, MAX_RETRY_MS));
    }
    this.#settled(job);
    this.onSettled();
  }

  #settled(job: Job<unknown>): void {
    this.#size -= 1;
    if (!this.#stopped) this.leases.drop(job);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      this.#timers.set(timer, resolve);
    });
  }

  // Not the message: it may hold a part of the request, which is nobody's business in a log.
  #report({ request }: Job<unknown>, error: unknown): void {
    const { logger, name, maxDeliveries } = this.core.parts;
    const { name: kind = 'no error', code } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
    const what = code === undefined ? kind : `${kind}, ${code}`;
    logger.warn(
      `A request of the queue "${name}" failed (${what}), delivery ${request.deliveries} of ${maxDeliveries}`,
    );
  }
}
