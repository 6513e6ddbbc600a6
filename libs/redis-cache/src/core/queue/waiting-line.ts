import { onAbort } from '../util/on-abort.js';
import type { QueueParts } from './queue-parts.js';
import type { Taken, Taking } from './dequeuer.js';

interface Waiter {
  serve(request: unknown): void;
  /** Its time is over. */
  overdue: boolean;
}

/** So many are asked for at once. */
const MAX_AT_ONCE = 500;

/** Those who wait for a request in this process: served in their order, with one question for all of them. */
export class WaitingLine {
  readonly #waiters = new Set<Waiter>();
  #asking = false;
  #askAgain = false;
  #unlisten: (() => void) | undefined;
  #closed = false;

  constructor(
    private readonly parts: Pick<QueueParts, 'arrivals' | 'name'>,
    private readonly taking: Taking,
  ) {}

  /**
   * @returns `null` when the time is over, or everything is being closed
   * @throws the signal's reason
   */
  wait<T>(timeoutMs: number, signal?: AbortSignal): Promise<T | null> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        unwatch?.();
        this.#leave(waiter);
      };
      const serve = (request: unknown): void => {
        leave();
        resolve(request as T | null);
      };
      const waiter: Waiter = { serve, overdue: false };
      const timer = setTimeout(() => this.#expire(waiter), timeoutMs);
      const unwatch =
        signal &&
        onAbort(signal, () => {
          leave();
          reject(signal.reason as Error);
        });
      this.#join(waiter);
    });
  }

  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiters) waiter.serve(null);
  }

  #join(waiter: Waiter): void {
    if (this.#closed) return waiter.serve(null);
    this.#waiters.add(waiter);
    this.#unlisten ??= this.parts.arrivals.onArrival(this.parts.name, () => void this.#ask());
    void this.#ask();
  }

  #leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size > 0) return;
    this.#unlisten?.();
    this.#unlisten = undefined;
  }

  // What is under way may be for this waiter; nobody else might want it. It takes a deadline at most.
  #expire(waiter: Waiter): void {
    if (this.#asking) waiter.overdue = true;
    else waiter.serve(null);
  }

  async #ask(): Promise<void> {
    this.#askAgain = true;
    if (this.#asking) return;
    this.#asking = true;
    while (this.#askAgain && this.#waiters.size > 0) {
      this.#askAgain = false;
      this.#serve(await this.taking.take(Math.min(this.#waiters.size, MAX_AT_ONCE)));
    }
    this.#asking = false;
  }

  #serve(taken: Taken<unknown>[]): void {
    // Where something was there, more may be.
    this.#askAgain ||= taken.length > 0;
    const waiters = [...this.#waiters];
    for (const [index, waiter] of waiters.entries()) {
      const found = taken[index];
      if (found) waiter.serve(found.request);
      else if (waiter.overdue) waiter.serve(null);
    }
    if (taken.length > waiters.length) this.taking.keep(taken.slice(waiters.length));
  }
}
