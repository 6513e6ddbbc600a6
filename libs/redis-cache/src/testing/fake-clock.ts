import { InvalidCallOptionError } from '../core/errors/errors.js';

/** Tells the time. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

const EPOCH_MS = Date.UTC(2026, 0, 1);

/**
 * A clock that stands still until it is told to go on. It begins at 2026-01-01T00:00:00Z, so that what a
 * test sees of it is the same in every run.
 *
 * It is the time by which entries and leases end. Deadlines, the limits of factories and the circuit
 * breaker go by timers, which it does not move.
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

  /** Epoch milliseconds. Bound: `clock.now` can be handed on as it is. */
  readonly now = (): number => this.#ms;

  /**
   * Lets time pass.
   *
   * @param ms milliseconds, 0 or more: entries rely on a clock that never goes back
   * @throws {InvalidCallOptionError} not such a number
   */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) {
      throw new InvalidCallOptionError('ms', 'must be a finite number, 0 or more');
    }
    this.#ms += ms;
  }
}
