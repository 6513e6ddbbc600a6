import { InvalidCallOptionError } from '../errors/errors.js';

const MAX_SLOTS = 10_000;

/** Called with a slot that has become free; answers whether it is used. */
export type OnSlot = () => boolean;

/** What a consumer asks before it takes requests. */
export interface Slots {
  /**
   * Answers how many slots the caller has now, `wanted` at most. With none it is in the line, and `onSlot` is called
   * once, with one slot, when it is its turn. Asking again keeps the place in the line.
   */
  take(wanted: number, onSlot: OnSlot): number;
  giveBack(count: number): void;
}

/** For a consumer that shares nothing: its `concurrency` alone limits it. */
export const UNSHARED_SLOTS: Slots = {
  take: (wanted) => wanted,
  giveBack: () => {},
};

/**
 * Limits what several consumers of this process handle at the same time, all together. A consumer needs a slot for each
 * request that it holds, and asks for one only when its queue may have some. Those who want one get it in turn, one
 * at a time: a queue in which thousands wait takes no more of them than one in which a few do.
 *
 * @example
 * const slots = new ConsumerSlots(4);
 * const consumers = ['red', 'blue'].map(
 *   (name) => new RequestConsumer(cache.getQueue(name), { handler, concurrency: 4, slots }),
 * );
 */
export class ConsumerSlots implements Slots {
  #free: number;
  /** Those who wait, the first one first. Nobody does while a slot is free. */
  readonly #line = new Set<OnSlot>();

  /**
   * @param count requests at the same time, 1 to 10,000
   * @throws {InvalidCallOptionError} another number
   */
  constructor(readonly count: number) {
    if (!Number.isInteger(count) || count < 1 || count > MAX_SLOTS) {
      throw new InvalidCallOptionError('count', `must be a whole number from 1 to ${MAX_SLOTS}`);
    }
    this.#free = count;
  }

  /** How many are free. */
  get free(): number {
    return this.#free;
  }

  take(wanted: number, onSlot: OnSlot): number {
    if (wanted <= 0) return 0;
    if (this.#free === 0) {
      this.#line.add(onSlot);
      return 0;
    }
    this.#free -= 1;
    return 1;
  }

  giveBack(count: number): void {
    this.#free += count;
    for (const next of this.#line) {
      if (this.#free === 0) return;
      this.#line.delete(next);
      this.#free -= 1;
      if (!next()) this.#free += 1;
    }
  }
}
