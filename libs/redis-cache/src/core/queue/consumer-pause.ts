import { backOffMs } from 'nestjs-redis-connection';

/** This many failures in a row, on top of one per concurrent handler, are attributed to the requests. */
const TOLERATED_FAILURES = 4;
const MIN_PAUSE_MS = 250;
const MAX_PAUSE_MS = 30_000;

/**
 * Keeps a consumer from fetching requests: while its handlers keep failing, because otherwise every request would
 * become a dead letter, or because a handler has asked for time.
 */
export class ConsumerPause {
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #endsAt = 0;

  constructor(
    private readonly concurrency: number,
    private readonly onEnd: () => void,
  ) {}

  get isActive(): boolean {
    return this.#timer !== undefined;
  }

  /** A handler has resolved. */
  recordSuccess(): void {
    this.#failures = 0;
  }

  /** A handler has thrown. */
  recordFailure(): void {
    this.#failures += 1;
    const excess = this.#failures - this.concurrency - TOLERATED_FAILURES;
    if (excess > 0) this.begin(backOffMs(excess, MIN_PAUSE_MS, MAX_PAUSE_MS));
  }

  /** Pauses for `ms` milliseconds, unless a pause that ends later is active. */
  begin(ms: number): void {
    const endsAt = performance.now() + ms;
    if (this.isActive && endsAt <= this.#endsAt) return;
    this.end();
    this.#endsAt = endsAt;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.onEnd();
    }, ms).unref();
  }

  /** Ends the pause without calling `onEnd`. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
