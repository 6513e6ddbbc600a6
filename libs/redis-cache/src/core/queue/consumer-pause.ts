/** A time in which nothing new is begun. */
export class Pause {
  #timer: NodeJS.Timeout | undefined;
  #endsAt = 0;

  constructor(private readonly onEnd: () => void) {}

  get active(): boolean {
    return this.#timer !== undefined;
  }

  /** Of two pauses at once the one that ends later counts. */
  begin(ms: number): void {
    const endsAt = performance.now() + ms;
    if (this.active && endsAt <= this.#endsAt) return;
    this.end();
    this.#endsAt = endsAt;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.onEnd();
    }, ms).unref();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
