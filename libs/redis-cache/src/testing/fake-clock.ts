import { InvalidCallOptionError } from '../core.js';

/** A source of time. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

const EPOCH_MS = Date.UTC(2026, 0, 1);

/**
 * A clock that stands still until `advance` moves it. It starts at 2026-01-01T00:00:00Z, so that every run of a test
 * sees the same times.
 *
 * Entries and leases expire by this clock. Operation deadlines, the time limits of factories and the circuit breaker
 * use timers, which it does not move.
 *
 * @example
 * const clock = new FakeClock();
 * const cache = createTestingCache({ clock });
 * await cache.cacheResponse('key', 'value', 60);
 * clock.advance(60_000);
 * await cache.getCachedResponse('key'); // null
 */
export class FakeClock implements Clock {
  #ms = EPOCH_MS;

  /** Epoch milliseconds. Bound, so that `clock.now` can be passed as a function. */
  readonly now = (): number => this.#ms;

  /**
   * Moves the clock forward.
   *
   * @param ms milliseconds, 0 or more: entries rely on a clock that never goes back
   * @throws {InvalidCallOptionError} negative, or not a finite number
   */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) {
      throw new InvalidCallOptionError('ms', 'must be a finite number, 0 or more');
    }
    this.#ms += ms;
  }
}
