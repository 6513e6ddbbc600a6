import { backOffMs } from 'nestjs-redis-connection';
import { RejectRequestError, TryLaterError } from '../errors/errors.js';
import { toReason } from './call-options.js';
import type { ResolvedConsumerOptions } from './consumer-options.js';
import type { Delivery, LeaseRenewer } from './deliveries.js';
import type { ConsumedQueue } from './queue-core.js';

const MIN_RETRY_MS = 250;
const MAX_RETRY_MS = 1_000;
/** With more deliveries unsettled, the consumer fetches no requests. */
const MAX_UNSETTLED = 1_000;
const UNCOUNTED = { counts: false };

/** Acknowledges, releases or rejects deliveries, and retries until Redis confirms. */
export class Settlement {
  #pending = 0;
  #isStopped = false;
  /** To be acknowledged at the end of this turn of the event loop. */
  #handled: Delivery[] = [];
  readonly #timers = new Map<NodeJS.Timeout, () => void>();

  constructor(
    private readonly queue: ConsumedQueue,
    private readonly leases: LeaseRenewer,
    private readonly options: Pick<ResolvedConsumerOptions<never>, 'retryDelayMs' | 'maxRetryDelayMs'>,
    private readonly onSettled: () => void,
  ) {}

  /** Deliveries that Redis has not confirmed yet. */
  get pending(): number {
    return this.#pending;
  }

  get isFull(): boolean {
    return this.#pending >= MAX_UNSETTLED;
  }

  /** Deliveries handled within one turn of the event loop are acknowledged by one command. */
  acknowledge(delivery: Delivery): void {
    this.#pending += 1;
    if (this.#handled.push(delivery) === 1) process.nextTick(() => void this.#acknowledgeHandled());
  }

  /** Returns the request to the head of the queue; the delivery does not count. */
  release(delivery: Delivery): void {
    void this.#settle(delivery, () => this.queue.reservations.release(delivery.id, UNCOUNTED));
  }

  /** Settles a delivery whose handler threw. */
  fail(delivery: Delivery, error: unknown): void {
    if (error instanceof TryLaterError) return this.release(delivery);
    this.#log(delivery, error);
    const reason = toReason(error instanceof Error ? error.message : 'the handler threw no error');
    const { retryDelayMs, maxRetryDelayMs } = this.options;
    const delayMs = Math.ceil(backOffMs(delivery.request.deliveries, retryDelayMs, maxRetryDelayMs));
    const details = error instanceof RejectRequestError ? { rejects: true, reason } : { delayMs, reason };
    void this.#settle(delivery, () => this.queue.reservations.release(delivery.id, details));
  }

  /** Stops retrying. */
  stop(): void {
    this.#isStopped = true;
    for (const [timer, resolve] of this.#timers) {
      clearTimeout(timer);
      resolve();
    }
    this.#timers.clear();
  }

  async #acknowledgeHandled(): Promise<void> {
    let deliveries = this.#handled;
    this.#handled = [];
    for (let attempt = 1; ; attempt += 1) {
      const results = await this.queue.reservations.acknowledge(deliveries.map(({ id }) => id));
      const isUnconfirmed = ({ isLost }: Delivery, index: number): boolean =>
        results[index] === null && !isLost;
      const unconfirmed = this.#isStopped ? [] : deliveries.filter(isUnconfirmed);
      for (const delivery of deliveries) if (!unconfirmed.includes(delivery)) this.#settled(delivery);
      if (unconfirmed.length === 0) return this.onSettled();
      deliveries = unconfirmed;
      await this.#delay(backOffMs(attempt, MIN_RETRY_MS, MAX_RETRY_MS));
    }
  }

  async #settle(delivery: Delivery, send: () => Promise<unknown>): Promise<void> {
    this.#pending += 1;
    for (let attempt = 1; (await send()) === null && !this.#isStopped && !delivery.isLost; attempt += 1) {
      await this.#delay(backOffMs(attempt, MIN_RETRY_MS, MAX_RETRY_MS));
    }
    this.#settled(delivery);
    this.onSettled();
  }

  #settled(delivery: Delivery): void {
    this.#pending -= 1;
    if (!this.#isStopped) this.leases.remove(delivery);
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      this.#timers.set(timer, resolve);
    });
  }

  // Without the message: it may contain parts of the request, which must not reach the log.
  #log({ request }: Delivery, error: unknown): void {
    const { logger, name, maxDeliveries } = this.queue.context;
    const { name: kind = 'no error', code } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
    const cause = code === undefined ? kind : `${kind}, ${code}`;
    const { deliveries } = request;
    logger.warn(
      `A request of the queue "${name}" failed (${cause}), delivery ${deliveries} of ${maxDeliveries}`,
    );
  }
}
