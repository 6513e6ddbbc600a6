/** Minimum time between two calls, in milliseconds. */
const INTERVAL_MS = 10;

/**
 * Runs work that was requested: at most once in 10 ms and one run at a time, however often it is requested. After a
 * pause the first run starts at once.
 */
export class Pump {
  #isRequested = false;
  #isRunning = false;
  #isStopped = false;
  #notBefore = 0;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param work handles its own errors */
  constructor(private readonly work: () => Promise<void>) {}

  request(): void {
    this.#isRequested = true;
    this.#schedule();
  }

  /** Starts no further run. */
  stop(): void {
    this.#isStopped = true;
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (!this.#isRequested || this.#isRunning || this.#isStopped || this.#immediate || this.#timer) {
      return;
    }
    const delay = this.#notBefore - performance.now();
    if (delay > 0) {
      this.#timer = setTimeout(() => this.#onDue(), Math.ceil(delay));
    } else {
      // After everything that is requested in this turn of the event loop.
      this.#immediate = setImmediate(() => this.#onDue());
    }
  }

  #onDue(): void {
    this.#timer = undefined;
    this.#immediate = undefined;
    if (performance.now() < this.#notBefore) {
      // Timers may fire a little early.
      this.#schedule();
    } else {
      void this.#run();
    }
  }

  async #run(): Promise<void> {
    this.#isRequested = false;
    this.#isRunning = true;
    this.#notBefore = performance.now() + INTERVAL_MS;
    await this.work();
    this.#isRunning = false;
    this.#schedule();
  }
}
