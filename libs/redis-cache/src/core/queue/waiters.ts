import { onAbort } from 'nestjs-redis-connection';
import type { ArrivalSubscriber } from './arrivals.js';
import type { DequeuedRequest, Dequeuer } from './dequeuer.js';
import type { QueueContext } from './queue-core.js';

interface Waiter {
  resolve(request: unknown): void;
  /** Its timeout has passed while a dequeue was in progress. */
  overdue: boolean;
}

/** Limit of one dequeue. */
const MAX_REQUESTS_PER_DEQUEUE = 500;

/** Callers in this process that wait for a request. They are served in order, by one dequeue for all of them. */
export class Waiters implements ArrivalSubscriber {
  readonly #waiters = new Set<Waiter>();
  #dequeuing = false;
  #dequeueAgain = false;
  #unsubscribe: (() => void) | undefined;
  #closed = false;

  constructor(
    private readonly context: Pick<QueueContext, 'arrivals' | 'name'>,
    private readonly dequeuer: Dequeuer,
  ) {}

  /**
   * The oldest request, as soon as there is one; `null` after `timeoutMs`, or once the queue is closed.
   *
   * @throws the signal's reason, when it aborts
   */
  wait<T>(timeoutMs: number, signal?: AbortSignal): Promise<T | null> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        unwatch?.();
        this.#remove(waiter);
      };
      const waiter: Waiter = {
        resolve: (request) => {
          leave();
          resolve(request as T | null);
        },
        overdue: false,
      };
      const timer = setTimeout(() => this.#expire(waiter), timeoutMs);
      const abort = (): void => {
        leave();
        reject(signal!.reason as Error);
      };
      const unwatch = signal && onAbort(signal, abort);
      this.#add(waiter);
    });
  }

  onArrival(): void {
    void this.#dequeue();
  }

  holdsRequests(): boolean {
    return this.dequeuer.lateCount > 0;
  }

  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiters) waiter.resolve(null);
  }

  #add(waiter: Waiter): void {
    if (this.#closed) return waiter.resolve(null);
    this.#waiters.add(waiter);
    this.#unsubscribe ??= this.context.arrivals.subscribe(this.context.name, this);
    void this.#dequeue();
  }

  #remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  // A dequeue in progress may bring this waiter's request; it ends within one operation deadline.
  #expire(waiter: Waiter): void {
    if (this.#dequeuing) waiter.overdue = true;
    else waiter.resolve(null);
  }

  async #dequeue(): Promise<void> {
    this.#dequeueAgain = true;
    if (this.#dequeuing) return;
    this.#dequeuing = true;
    while (this.#dequeueAgain && this.#waiters.size > 0) {
      this.#dequeueAgain = false;
      const count = Math.min(this.#waiters.size, MAX_REQUESTS_PER_DEQUEUE);
      this.#deliver(await this.dequeuer.dequeue(count));
    }
    this.#dequeuing = false;
  }

  #deliver(dequeued: DequeuedRequest<unknown>[]): void {
    // The queue may hold more.
    this.#dequeueAgain ||= dequeued.length > 0;
    const waiters = [...this.#waiters];
    for (const [index, waiter] of waiters.entries()) {
      const found = dequeued[index];
      if (found) waiter.resolve(found.request);
      else if (waiter.overdue) waiter.resolve(null);
    }
    if (dequeued.length > waiters.length) this.dequeuer.keep(dequeued.slice(waiters.length));
  }
}
