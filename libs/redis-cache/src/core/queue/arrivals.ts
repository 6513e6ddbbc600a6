import type { ArrivalChannel } from '../backend/queue-store.js';

/** What ran out of its lease is announced by nobody; neither is what came while nothing could be heard. */
const LOOK_EVERY_MS = 1_000;

/**
 * Wakes those who wait for requests, as these come and from time to time. One connection and one timer for
 * all who wait in this process, for whichever queue, and none as long as nobody does.
 */
export class Arrivals {
  readonly #sleepers = new Map<string, Set<() => void>>();
  #timer: NodeJS.Timeout | undefined;
  #listens = false;

  constructor(private readonly channel: ArrivalChannel) {}

  /** @returns takes the wish back */
  onArrival(queue: string, wake: () => void): () => void {
    const sleepers = this.#sleepers.get(queue) ?? new Set();
    this.#sleepers.set(queue, sleepers.add(wake));
    this.#timer ??= setInterval(() => this.#wakeAll(), LOOK_EVERY_MS).unref();
    this.#listen();
    return () => this.#forget(queue, wake);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#sleepers.clear();
    await this.channel.close();
  }

  #listen(): void {
    if (this.#listens) return;
    this.#listens = true;
    this.channel.listen({
      arrived: (queue) => this.#wake(queue),
      maybeArrived: () => this.#wakeAll(),
    });
  }

  #wake(queue: string): void {
    for (const wake of this.#sleepers.get(queue) ?? []) wake();
  }

  #wakeAll(): void {
    for (const queue of this.#sleepers.keys()) this.#wake(queue);
  }

  #forget(queue: string, wake: () => void): void {
    const sleepers = this.#sleepers.get(queue);
    sleepers?.delete(wake);
    if (sleepers?.size === 0) this.#sleepers.delete(queue);
    if (this.#sleepers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
