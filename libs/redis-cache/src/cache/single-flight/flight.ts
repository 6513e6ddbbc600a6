import { onAbort } from './on-abort.js';

/** Why a factory's signal aborted: nobody waits for its result any more. */
export class AbandonedError extends Error {
  readonly code = 'ERR_CACHE_ABANDONED';

  constructor() {
    super('the last caller that waited for this value has left');
    this.name = 'AbandonedError';
  }
}

/**
 * One computation and everybody in this process who waits for it. Its signal aborts when the last of
 * them has left, not before; a caller without a signal never leaves.
 */
export class Flight<T> {
  readonly #controller = new AbortController();
  readonly outcome: Promise<T>;
  #interested = 0;
  #settled = false;

  constructor(
    work: (signal: AbortSignal) => Promise<T>,
    private readonly onAbandoned: () => void,
  ) {
    this.outcome = work(this.#controller.signal).finally(() => (this.#settled = true));
    // Those who joined hear of a failure; with nobody left it concerns nobody.
    this.outcome.catch(() => {});
  }

  /** Waits for the outcome. Rejects with the signal's reason when that aborts first. */
  join(signal?: AbortSignal): Promise<T> {
    this.#interested += 1;
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
      const stay = onAbort(signal, leave);
      this.outcome.then(resolve, reject).finally(stay);
    });
  }

  #leave(): void {
    this.#interested -= 1;
    if (this.#interested > 0 || this.#settled) return;
    this.onAbandoned();
    this.#controller.abort(new AbandonedError());
  }
}
