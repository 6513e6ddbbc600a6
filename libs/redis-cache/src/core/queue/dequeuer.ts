import type { QueueContext } from './queue-core.js';
import { decodeRequest } from './request-codec.js';

/** A request that was removed from the queue. */
export interface DequeuedRequest<T> {
  text: string;
  request: T;
}

const NONE: string[] = [];

/** Removes requests from a queue without reserving them. */
export class Dequeuer {
  /**
   * Requests that Redis has removed but that reached nobody: the reply came after the deadline, or the last waiter
   * had left. The next call returns them first.
   */
  #late: string[] = [];

  constructor(private readonly context: QueueContext) {}

  /** How many late requests this process holds. */
  get lateCount(): number {
    return this.#late.length;
  }

  /** Skips unreadable requests, so that an empty result always means that no request was available. */
  async dequeue<T>(count: number): Promise<DequeuedRequest<T>[]> {
    const since = this.context.guard.moment;
    for (;;) {
      const texts = await this.#next(count, since);
      const readable = texts.map((text) => this.#decode<T>(text)).filter((one) => one !== undefined);
      if (readable.length > 0 || texts.length === 0) return readable;
    }
  }

  /** Keeps requests that reached nobody. They are the oldest, so the next call returns them first. */
  keep(dequeued: readonly DequeuedRequest<unknown>[]): void {
    this.#late.unshift(...dequeued.map(({ text }) => text));
    this.context.counters.dequeued -= dequeued.length;
  }

  /** Removes and returns the late requests. */
  takeLate(): string[] {
    return this.#late.splice(0);
  }

  #next(count: number, since: number): Promise<string[]> {
    const { guard, store, name } = this.context;
    const shift = async (): Promise<string[]> => {
      const late = this.#late.splice(0, count);
      return late.length > 0 ? late : store.shift(name, count, this.context);
    };
    const onLate = (late: string[]): void => void this.#late.push(...late);
    return guard.run<string[], string[]>(shift, NONE, { since, onLate });
  }

  #decode<T>(text: string): DequeuedRequest<T> | undefined {
    const { counters, logger } = this.context;
    const decoded = decodeRequest(text, this.context);
    if ('value' in decoded) {
      counters.dequeued += 1;
      return { text, request: decoded.value as T };
    }
    counters.corrupt += 1;
    logger.warn(`Skipped a queued request that ${decoded.problem}`);
    return undefined;
  }
}
