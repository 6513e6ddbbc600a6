/** An item of a {@link PriorityQueue}. */
export interface Prioritised {
  /** Smaller runs first. */
  readonly priority: number;
}

/** A queue of distinct items: smallest priority first, and the oldest first within a priority. */
export class PriorityQueue<T extends Prioritised> {
  readonly #queues = new Map<number, Fifo<T>>();
  /** Priorities of the queues that are not empty, ascending. */
  readonly #priorities: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    this.#queueOf(item.priority).push(item);
    this.#size += 1;
  }

  /** Removes and returns the next item; `undefined` when empty. */
  shift(): T | undefined {
    const item = this.#queues.get(this.#priorities[0] ?? 0)?.shift();
    if (item !== undefined) {
      this.#afterRemoval(item);
    }
    return item;
  }

  /** Returns `false` when the item was not in the queue. */
  remove(item: T): boolean {
    const removed = this.#queues.get(item.priority)?.remove(item) ?? false;
    if (removed) {
      this.#afterRemoval(item);
    }
    return removed;
  }

  /** The oldest item of each priority. */
  fronts(): T[] {
    return [...this.#queues.values()].flatMap((queue) => queue.peek() ?? []);
  }

  #queueOf(priority: number): Fifo<T> {
    const known = this.#queues.get(priority);
    if (known) {
      return known;
    }
    const queue = new Fifo<T>();
    this.#queues.set(priority, queue);
    const next = this.#priorities.findIndex((other) => other > priority);
    this.#priorities.splice(next < 0 ? this.#priorities.length : next, 0, priority);
    return queue;
  }

  // Empty queues are removed: there are two million priorities, and each used one would stay forever.
  #afterRemoval({ priority }: T): void {
    this.#size -= 1;
    if (this.#queues.get(priority)?.size === 0) {
      this.#queues.delete(priority);
      this.#priorities.splice(this.#priorities.indexOf(priority), 1);
    }
  }
}

/** A first-in-first-out queue of distinct items; removal from any position costs one look-up. */
export class Fifo<T> {
  readonly #items = new Set<T>();
  // One iterator for all shifts: a new one would skip every removed slot, quadratic in a long queue.
  #front = this.#items.values();

  get size(): number {
    return this.#items.size;
  }

  push(item: T): void {
    this.#items.add(item);
  }

  /** Removes and returns the oldest item; `undefined` when empty. */
  shift(): T | undefined {
    const item = this.#next();
    if (item !== undefined) {
      this.#items.delete(item);
    }
    return item;
  }

  /** Returns the oldest item without removing it; `undefined` when empty. */
  peek(): T | undefined {
    return this.#items.values().next().value;
  }

  /** Returns `false` when the item was not in the queue. */
  remove(item: T): boolean {
    return this.#items.delete(item);
  }

  #next(): T | undefined {
    const step = this.#front.next();
    if (!step.done) {
      return step.value;
    }
    // An exhausted iterator never yields items that are added later.
    this.#front = this.#items.values();
    return this.#front.next().value;
  }
}
