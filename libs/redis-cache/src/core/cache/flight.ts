import { onAbort } from 'nestjs-redis-connection';

/** Why a factory's signal aborted: nobody waits for its result any more. */
export class AbandonedError extends Error {
  readonly code = 'ERR_CACHE_ABANDONED';

  constructor() {
    super('the last caller that waited for this value has left');
    this.name = 'AbandonedError';
  }
}

/** Tells a computation when nobody waits for it any more. */
export interface Departure {
  /** Made when it is first asked for: most look-ups end without it, and it costs more than they do. */
  readonly signal: AbortSignal;
}

/**
 * One computation and everybody in this process who waits for it. Its signal aborts when the last of
 * them has left, not before; a caller without a signal never leaves.
 */
export class Flight<T> implements Departure {
  readonly outcome: Promise<T>;
  #controller: AbortController | undefined;
  #interested = 0;
  #abandoned = false;
  #settled = false;

  constructor(
    work: (departure: Departure) => Promise<T>,
    private readonly onAbandoned: () => void,
  ) {
    this.outcome = work(this);
    const settle = (): void => void (this.#settled = true);
    // Those who joined hear of a failure; with nobody left it concerns nobody.
    this.outcome.then(settle, settle);
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abandoned) this.#controller.abort(new AbandonedError());
    return this.#controller.signal;
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
    this.#abandoned = true;
    this.onAbandoned();
    this.#controller?.abort(new AbandonedError());
  }
}
