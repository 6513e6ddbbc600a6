import { Fifo } from './fifo.js';

/** What stands in the line. */
export interface Prioritised {
  /** Smaller goes first. */
  readonly priority: number;
}

/** A line of distinct items: the smallest priority goes first, and among equals the oldest. */
export class PriorityLine<T extends Prioritised> {
  readonly #lines = new Map<number, Fifo<T>>();
  /** Of the lines that are not empty, ascending. */
  readonly #priorities: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    this.#lineOf(item.priority).push(item);
    this.#size += 1;
  }

  /** Takes the item whose turn it is, or `undefined` when empty. */
  shift(): T | undefined {
    const item = this.#lines.get(this.#priorities[0] ?? 0)?.shift();
    if (item !== undefined) {
      this.#left(item);
    }
    return item;
  }

  /** `false` when the item was not in the line. */
  remove(item: T): boolean {
    const removed = this.#lines.get(item.priority)?.remove(item) ?? false;
    if (removed) {
      this.#left(item);
    }
    return removed;
  }

  /** The oldest item of each priority that has one. */
  fronts(): T[] {
    return [...this.#lines.values()].flatMap((line) => line.peek() ?? []);
  }

  #lineOf(priority: number): Fifo<T> {
    const known = this.#lines.get(priority);
    if (known) {
      return known;
    }
    const line = new Fifo<T>();
    this.#lines.set(priority, line);
    const next = this.#priorities.findIndex((other) => other > priority);
    this.#priorities.splice(next < 0 ? this.#priorities.length : next, 0, priority);
    return line;
  }

  // An empty line goes: priorities may be any number, and what was used once must not stay for ever.
  #left({ priority }: T): void {
    this.#size -= 1;
    if (this.#lines.get(priority)?.size === 0) {
      this.#lines.delete(priority);
      this.#priorities.splice(this.#priorities.indexOf(priority), 1);
    }
  }
}
