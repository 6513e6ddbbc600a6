import type { ArrivalChannel } from '../backend/queue-store.js';

/** Expired leases are not announced, nor are requests that arrive while the channel is disconnected. */
const POLL_INTERVAL_MS = 1_000;

/**
 * Calls its subscribers when requests arrive, and once a second. All subscribers in this process, of whichever
 * queue, share one connection and one timer; the connection is opened for the first, the timer stops after the last.
 */
export class Arrivals {
  readonly #subscribers = new Map<string, Set<() => void>>();
  #timer: NodeJS.Timeout | undefined;
  #isListening = false;

  constructor(private readonly channel: ArrivalChannel) {}

  /** @returns removes the subscription */
  onArrival(queue: string, callback: () => void): () => void {
    const callbacks = this.#subscribers.get(queue) ?? new Set();
    this.#subscribers.set(queue, callbacks.add(callback));
    this.#timer ??= setInterval(() => this.#notifyAll(), POLL_INTERVAL_MS).unref();
    this.#listen();
    return () => this.#remove(queue, callback);
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
      maybeArrived: () => this.#notifyAll(),
    });
  }

  #notify(queue: string): void {
    for (const callback of this.#subscribers.get(queue) ?? []) callback();
  }

  #notifyAll(): void {
    for (const queue of this.#subscribers.keys()) this.#notify(queue);
  }

  #remove(queue: string, callback: () => void): void {
    const callbacks = this.#subscribers.get(queue);
    callbacks?.delete(callback);
    if (callbacks?.size === 0) this.#subscribers.delete(queue);
    if (this.#subscribers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
