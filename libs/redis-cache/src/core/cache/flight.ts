import { onAbort } from 'nestjs-redis-connection';
import { currentTurn } from '../util/turn.js';

/** The reason of a factory's signal when no caller waits for its result any more. */
export class AbandonedError extends Error {
  readonly code = 'ERR_CACHE_ABANDONED';

  constructor() {
    super('the last caller that waited for this value has left');
    this.name = 'AbandonedError';
  }
}

/** What the work of a flight sees of it. */
export interface Departure {
  /**
   * Whether callers of later turns of the event loop may join; those of the turn in which it began always may. `false`
   * while it reads: Redis may have replied before an invalidation of which a later caller knows. Default `true`.
   */
  isOpen: boolean;
  /** Created on first access: most look-ups end without it, and it costs more than they do. */
  readonly signal: AbortSignal;
}

/**
 * One computation and all its waiters in this process. Its signal aborts when the last of them has left; a caller
 * without a signal never leaves.
 */
export class Flight<T> implements Departure {
  readonly outcome: Promise<T>;
  isOpen = true;
  readonly #turn = currentTurn();
  #controller: AbortController | undefined;
  #waiters = 0;
  #abandoned = false;
  #settled = false;
  #isNeeded: (() => Promise<boolean>) | undefined;

  constructor(
    work: (departure: Departure) => Promise<T>,
    private readonly onAbandoned: () => void = () => {},
  ) {
    this.outcome = work(this);
    const settle = (): void => void (this.#settled = true);
    // Waiters receive the rejection; with none left it is swallowed to avoid an unhandled rejection.
    this.outcome.then(settle, settle);
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abandoned) this.#controller.abort(new AbandonedError());
    return this.#controller.signal;
  }

  /** Whether a caller that comes now may join. */
  get isJoinable(): boolean {
    return this.isOpen || this.#turn === currentTurn();
  }

  /** Waits for the outcome. Rejects with the signal's reason when that aborts first. */
  join(signal?: AbortSignal): Promise<T> {
    this.#waiters += 1;
    if (!signal) return this.outcome;
    if (signal.aborted) {
      this.#leave();
      return Promise.reject(signal.reason as Error);
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(signal.reason as Error);
        this.#leave();
      };
      const stopListening = onAbort(signal, leave);
      this.outcome.then(resolve, reject).finally(stopListening);
    });
  }

  /** Adds a waiter that does not wait for the outcome. Returns the function with which it leaves; idempotent. */
  enter(): () => void {
    this.#waiters += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#leave();
    };
  }

  /** Sets what is queried when the last waiter has left: `true` lets the work go on. Must not reject. */
  queryBeforeAbandoning(isNeeded: () => Promise<boolean>): void {
    this.#isNeeded = isNeeded;
  }

  #leave(): void {
    this.#waiters -= 1;
    if (!this.#isLeft) return;
    if (this.#isNeeded === undefined) this.#abandon();
    else void this.#isNeeded().then((isNeeded) => !isNeeded && this.#isLeft && this.#abandon());
  }

  get #isLeft(): boolean {
    return this.#waiters === 0 && !this.#settled && !this.#abandoned;
  }

  #abandon(): void {
    this.#abandoned = true;
    this.onAbandoned();
    this.#controller?.abort(new AbandonedError());
  }
}

/** Holds a flight while it can be joined. */
interface Slot<T> {
  flight: Flight<T> | undefined;
}

/**
 * Flights by key. A `Map` whose entries come and go is copied again and again, and each copy that the garbage collector
 * has promoted keeps the next one alive, with everything that was in it: the values of finished flights would survive
 * many collections. Hence the slots, which are emptied.
 */
export class Flights<T> {
  readonly #slots = new Map<string, Slot<T>>();

  /** The flight that a caller may join now. */
  get(key: string): Flight<T> | undefined {
    const flight = this.#slots.get(key)?.flight;
    return flight?.isJoinable ? flight : undefined;
  }

  /** Starts a flight that can be joined until it has settled or is abandoned. */
  launch(key: string, work: (departure: Departure) => Promise<T>): Flight<T> {
    const slot: Slot<T> = { flight: undefined };
    const remove = (): void => {
      slot.flight = undefined;
      if (this.#slots.get(key) === slot) this.#slots.delete(key);
    };
    const flight = new Flight(work, remove);
    slot.flight = flight;
    this.#slots.set(key, slot);
    flight.outcome.then(remove, remove);
    return flight;
  }

  /** Later callers do not join the flight of this key. */
  forget(key: string): void {
    this.#slots.delete(key);
  }

  forgetAll(): void {
    this.#slots.clear();
  }
}
