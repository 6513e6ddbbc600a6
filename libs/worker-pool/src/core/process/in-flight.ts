/** Remembers promises until they settle. */
export class InFlight {
  readonly #promises = new Set<Promise<unknown>>();

  get size(): number {
    return this.#promises.size;
  }

  /** Gives back the promise itself. */
  track<T>(promise: Promise<T>): Promise<T> {
    this.#promises.add(promise);
    const forget = (): void => {
      this.#promises.delete(promise);
    };
    promise.then(forget, forget);
    return promise;
  }

  /** Resolves when all of them have settled, however they did. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#promises);
  }
}
