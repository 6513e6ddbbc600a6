import type { QueueParts } from './queue-parts.js';
import { requestIn } from './request-codec.js';

/** A request that is no longer in the queue. */
export interface Taken<T> {
  text: string;
  request: T;
}

const NOTHING: string[] = [];

/** The way out of a queue for good. */
export class Taking {
  /**
   * Requests whose reply came after the deadline, or for which nobody waited any more: the server has
   * already removed them, so they are kept here and handed out first, rather than lost.
   */
  #late: string[] = [];

  constructor(private readonly parts: QueueParts) {}

  /** How many are kept here. */
  get kept(): number {
    return this.#late.length;
  }

  /** Unreadable requests are passed over, so that no answer always means that nothing could be had. */
  async take<T>(count: number): Promise<Taken<T>[]> {
    for (;;) {
      const texts = await this.#next(count);
      const readable = texts.map((text) => this.#read<T>(text)).filter((taken) => taken !== undefined);
      if (readable.length > 0 || texts.length === 0) return readable;
    }
  }

  /** Takes back what could not be handed out: it is the oldest. */
  keep(taken: readonly Taken<unknown>[]): void {
    this.#late.unshift(...taken.map(({ text }) => text));
    this.parts.counters.dequeued -= taken.length;
  }

  forget(): void {
    this.#late = [];
  }

  /** Answers what is kept, and keeps it no longer. */
  surrender(): string[] {
    return this.#late.splice(0);
  }

  #next(count: number): Promise<string[]> {
    const { guard, store, name } = this.parts;
    const take = async (): Promise<string[]> => {
      const late = this.#late.splice(0, count);
      return late.length > 0 ? late : store.shift(name, count, this.parts);
    };
    return guard.run<string[], string[]>(take, NOTHING, (late) => void this.#late.push(...late));
  }

  #read<T>(text: string): Taken<T> | undefined {
    const { counters, logger } = this.parts;
    const request = requestIn<T>(text);
    if (request !== undefined) {
      counters.dequeued += 1;
      return { text, request };
    }
    counters.corrupt += 1;
    logger.warn('A queued request is not readable; it is passed over');
    return undefined;
  }
}
