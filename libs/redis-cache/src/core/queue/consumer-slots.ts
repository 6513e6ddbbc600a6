import { InvalidCallOptionError } from '../errors/errors.js';

const MAX_SLOTS = 10_000;

/** Called with one slot that has become free; returns whether the consumer uses it. */
export type OnSlot = () => boolean;

/** Permits that a consumer takes before it fetches requests, one per request. */
export interface Slots {
  /**
   * Takes at most `wanted` slots and returns how many. With none free the caller joins the queue, and `onSlot` is
   * called once, with one slot, when it is the caller's turn. Further calls keep the place in the queue.
   */
  take(wanted: number, onSlot: OnSlot): number;
  release(count: number): void;
}

/** For a consumer without shared slots: only its `concurrency` limits it. */
export const UNLIMITED_SLOTS: Slots = {
  take: (wanted) => wanted,
  release: () => {},
};

/**
 * Limits how many requests several consumers of this process handle at the same time, all together. A consumer holds
 * one slot per request. Consumers that want one get it in turn, one at a time, so that a queue with thousands of
 * requests gets no more slots than a queue with a few. Consumers of empty queues hold none.
 *
 * @example
 * const slots = new ConsumerSlots(4);
 * const consumers = ['red', 'blue'].map((name) =>
 *   cache.queue(name).createConsumer({ handler, concurrency: 4, slots }),
 * );
 */
export class ConsumerSlots implements Slots {
  #free: number;
  /** In order of their turns; empty while a slot is free. */
  readonly #waiting = new Set<OnSlot>();

  /**
   * @param count requests at the same time, 1 to 10,000
   * @throws {InvalidCallOptionError} any other number
   */
  constructor(readonly count: number) {
    if (!Number.isInteger(count) || count < 1 || count > MAX_SLOTS) {
      throw new InvalidCallOptionError('count', `must be a whole number from 1 to ${MAX_SLOTS}`);
    }
    this.#free = count;
  }

  /** Slots that no consumer holds. */
  get free(): number {
    return this.#free;
  }

  take(wanted: number, onSlot: OnSlot): number {
    if (wanted <= 0) return 0;
    if (this.#free === 0) {
      this.#waiting.add(onSlot);
      return 0;
    }
    this.#free -= 1;
    return 1;
  }

  release(count: number): void {
    this.#free += count;
    for (const next of this.#waiting) {
      if (this.#free === 0) return;
      this.#waiting.delete(next);
      this.#free -= 1;
      if (!next()) this.#free += 1;
    }
  }
}
