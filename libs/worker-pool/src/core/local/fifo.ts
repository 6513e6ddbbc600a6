/** A first-in-first-out line of distinct items; an item can leave from anywhere at the cost of one look-up. */
export class Fifo<T> {
  readonly #items = new Set<T>();
  // One iterator for all shifts: a fresh one would step over every removed slot, quadratic in a long line.
  #front = this.#items.values();

  get size(): number {
    return this.#items.size;
  }

  push(item: T): void {
    this.#items.add(item);
  }

  /** Takes the oldest item, or `undefined` when empty. */
  shift(): T | undefined {
    const item = this.#next();
    if (item !== undefined) {
      this.#items.delete(item);
    }
    return item;
  }

  /** The oldest item, which stays, or `undefined` when empty. */
  peek(): T | undefined {
    return this.#items.values().next().value;
  }

  /** `false` when the item was not in the line. */
  remove(item: T): boolean {
    return this.#items.delete(item);
  }

  #next(): T | undefined {
    const step = this.#front.next();
    if (!step.done) {
      return step.value;
    }
    // An exhausted iterator never sees items that are added later.
    this.#front = this.#items.values();
    return this.#front.next().value;
  }
}
