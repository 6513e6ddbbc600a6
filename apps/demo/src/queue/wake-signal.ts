/** Lets loops sleep until somebody notifies them, a time has passed, or all is over. */
export class WakeSignal {
  readonly #sleepers = new Set<() => void>();
  #closed = false;

  /** Resolves at the next notification, at the latest after `ms` milliseconds. */
  wait(ms: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#sleepers.add(wake);
    });
  }

  notify(): void {
    for (const wake of this.#sleepers) wake();
  }

  /** Wakes everyone; nobody sleeps from now on. */
  close(): void {
    this.#closed = true;
    this.notify();
  }
}
