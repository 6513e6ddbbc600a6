import type { QueueStore } from '../backend.js';

/** Taken requests may make up this much of an array before it is cut. */
const COMPACT_AT = 1_024;

class Fifo {
  #items: string[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: string): void {
    this.#items.push(item);
  }

  shift(): string | null {
    const item = this.#items[this.#head];
    if (item === undefined) return null;
    this.#items[this.#head] = '';
    this.#head += 1;
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#items.length) this.#compact();
    return item;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}

/** Queues in this process; gone with it. */
export class MemoryQueueStore implements QueueStore {
  readonly #queues = new Map<string, Fifo>();

  async push(queue: string, request: string, maxLength: number): Promise<boolean> {
    const fifo = this.#queue(queue);
    if (fifo.length >= maxLength) return false;
    fifo.push(request);
    return true;
  }

  async shift(queue: string): Promise<string | null> {
    return this.#queue(queue).shift();
  }

  async length(queue: string): Promise<number> {
    return this.#queue(queue).length;
  }

  async clear(queue: string): Promise<void> {
    this.#queues.delete(queue);
  }

  #queue(name: string): Fifo {
    const known = this.#queues.get(name);
    if (known) return known;
    const created = new Fifo();
    this.#queues.set(name, created);
    return created;
  }
}
