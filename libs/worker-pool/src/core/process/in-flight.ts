/** Tracks promises until they settle. */
export class InFlight {
  readonly #promises = new Set<Promise<unknown>>();

  /** Returns the same promise. */
  track<T>(promise: Promise<T>): Promise<T> {
    this.#promises.add(promise);
    const forget = (): void => {
      this.#promises.delete(promise);
    };
    promise.then(forget, forget);
    return promise;
  }

  /** Resolves when all tracked promises have settled, fulfilled or rejected. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#promises);
  }
}
