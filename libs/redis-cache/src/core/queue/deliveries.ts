import { LeaseEndedError } from '../errors/errors.js';
import type { HandlerContext } from './consumer-options.js';
import type { ReservedRequest, Reservations } from './reservations.js';

/** A reserved request in the hands of a consumer, until it is settled or its lease is lost. */
export class Delivery<T = unknown> implements HandlerContext {
  #controller: AbortController | undefined;
  /** This process no longer holds the lease, so the handler's result has no effect. */
  isLost = false;

  constructor(readonly request: ReservedRequest<T>) {}

  get id(): string {
    return this.request.id;
  }

  // Created on first use: most handlers of short work never read it.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  lose(reason: Error): void {
    this.isLost = true;
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }
}

const RENEWALS_PER_LEASE = 3;

/** Renews the leases of all deliveries of a consumer, with one command for all of them. */
export class LeaseRenewer {
  readonly #deliveries = new Map<string, Delivery>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly reservations: Pick<Reservations, 'extend'>,
    private readonly leaseMs: number,
    private readonly onLost: () => void,
  ) {}

  get deliveries(): Delivery[] {
    return [...this.#deliveries.values()];
  }

  add(delivery: Delivery): void {
    this.#deliveries.set(delivery.id, delivery);
    this.#timer ??= setInterval(() => void this.#renew(), this.leaseMs / RENEWALS_PER_LEASE).unref();
  }

  remove(delivery: Delivery): void {
    this.#deliveries.delete(delivery.id);
  }

  stop(): void {
    this.#stopTimer();
    this.#deliveries.clear();
  }

  /** A delivery whose lease was lost is aborted. One that Redis has not confirmed goes on. */
  async #renew(): Promise<void> {
    if (this.#deliveries.size === 0) return this.#stopTimer();
    const { deliveries } = this;
    const ids = deliveries.map(({ id }) => id);
    const extended = await this.reservations.extend(ids, this.leaseMs);
    for (const [index, delivery] of deliveries.entries()) {
      if (extended[index] === false && this.#deliveries.delete(delivery.id)) {
        this.onLost();
        delivery.lose(new LeaseEndedError('the lease was lost; another consumer may have the request'));
      }
    }
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
