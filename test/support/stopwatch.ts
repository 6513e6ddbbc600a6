/**
 * Time as this process lives it: what passes while the machine gives it no processor does not count, so that a
 * limit on it says something about the code and not about the machine.
 *
 *   const watch = Stopwatch.start();
 *   await somethingQuick();
 *   expect(watch.stop()).toBeLessThan(1_500);
 */
const TICK_MS = 10;

export class Stopwatch {
  #ticks = 0;
  // A test that fails before it stops the watch must not keep the whole run from ending.
  readonly #timer = setInterval(() => (this.#ticks += 1), TICK_MS).unref();

  private constructor() {}

  static start(): Stopwatch {
    return new Stopwatch();
  }

  /** Milliseconds since the start, to ten of them. However long a pause was, it is one tick. */
  stop(): number {
    clearInterval(this.#timer);
    return this.#ticks * TICK_MS;
  }
}
