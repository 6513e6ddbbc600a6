import type { ArrivalChannel } from '../backend/queue-store.js';

/** Expired leases are not announced, nor are requests that arrive while the channel is disconnected. */
const POLL_INTERVAL_MS = 1_000;

/** Waits for requests of a queue. */
export interface ArrivalSubscriber {
  /** Requests may be available. */
  onArrival(): void;
  /** Whether this process holds requests of the queue that Redis no longer has. Default: it does not. */
  holdsRequests?(): boolean;
}

/**
 * Notifies its subscribers when requests arrive, and once a second those whose queue is not empty. All subscribers in
 * this process, of whichever queue, share one connection, one timer and one check a second, so an empty queue costs next
 * to nothing. The connection is opened for the first subscriber; the timer stops after the last.
 */
export class Arrivals {
  readonly #subscribers = new Map<string, Set<ArrivalSubscriber>>();
  #timer: NodeJS.Timeout | undefined;
  #isListening = false;
  #isPolling = false;
  #pollAgain = false;

  /** @param inUse returns those of the queues that hold requests; must not reject */
  constructor(
    private readonly channel: ArrivalChannel,
    private readonly inUse: (queues: string[]) => Promise<string[]>,
  ) {}

  /** @returns removes the subscription */
  subscribe(queue: string, subscriber: ArrivalSubscriber): () => void {
    const subscribers = this.#subscribers.get(queue) ?? new Set();
    this.#subscribers.set(queue, subscribers.add(subscriber));
    this.#timer ??= setInterval(() => this.#tick(), POLL_INTERVAL_MS).unref();
    this.#listen();
    return () => this.#remove(queue, subscriber);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#subscribers.clear();
    await this.channel.close();
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.channel.listen({
      arrived: (queue) => this.#notify(queue),
      maybeArrived: () => void this.#poll(),
    });
  }

  #tick(): void {
    if (!this.#isPolling) void this.#poll();
  }

  async #poll(): Promise<void> {
    this.#pollAgain = true;
    if (this.#isPolling) return;
    this.#isPolling = true;
    while (this.#pollAgain) {
      this.#pollAgain = false;
      await this.#check();
    }
    this.#isPolling = false;
  }

  async #check(): Promise<void> {
    const unsure: string[] = [];
    for (const [queue, subscribers] of this.#subscribers) {
      if ([...subscribers].some((subscriber) => subscriber.holdsRequests?.())) this.#notify(queue);
      else unsure.push(queue);
    }
    if (unsure.length === 0) return;
    for (const queue of await this.inUse(unsure)) this.#notify(queue);
  }

  #notify(queue: string): void {
    for (const subscriber of this.#subscribers.get(queue) ?? []) subscriber.onArrival();
  }

  #remove(queue: string, subscriber: ArrivalSubscriber): void {
    const subscribers = this.#subscribers.get(queue);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0) this.#subscribers.delete(queue);
    if (this.#subscribers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
