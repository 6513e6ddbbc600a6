/** Minimum time between two runs, in milliseconds: what is requested in between is one batch. */
const BATCH_MS = 2;
/** Maximum number of items of one run. */
const MAX_ITEMS = 100;

/**
 * Runs work for items, in batches: at most once in an interval for each item, and one run at a time, however often an
 * item is requested. After a pause the first run starts at once.
 */
export class Pump<Item extends object> {
  readonly #due = new Set<Item>();
  readonly #startedAt = new WeakMap<Item, number>();
  #isRunning = false;
  #isStopped = false;
  /** When the next run may start, on the clock of `performance.now()`. */
  #notBefore = 0;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the scheduled run starts; `Infinity` while none is scheduled. */
  #nextAt = Infinity;

  /** @param work handles its own errors */
  constructor(
    private readonly intervalMs: number,
    private readonly work: (items: Item[]) => Promise<void>,
  ) {}

  request(item: Item): void {
    if (!this.#due.has(item)) {
      this.#due.add(item);
      this.#scheduleAt(this.#readyAt(item));
    }
  }

  /** Runs no more for an item. */
  forget(item: Item): void {
    this.#due.delete(item);
  }

  /** Starts no further run. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #readyAt(item: Item): number {
    return (this.#startedAt.get(item) ?? -Infinity) + this.intervalMs;
  }

  #scheduleAt(readyAt: number): void {
    const at = Math.max(readyAt, this.#notBefore);
    if (this.#isRunning || this.#isStopped || at >= this.#nextAt) {
      return;
    }
    this.#cancel();
    this.#nextAt = at;
    const delay = at - performance.now();
    if (delay > 0) {
      this.#timer = setTimeout(() => void this.#run(), Math.ceil(delay));
    } else {
      // After everything that is requested in this turn of the event loop.
      this.#immediate = setImmediate(() => void this.#run());
    }
  }

  #cancel(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    this.#nextAt = Infinity;
  }

  async #run(): Promise<void> {
    this.#nextAt = Infinity;
    const now = performance.now();
    // Timers may fire a little early: then nothing is ready yet.
    const items = now < this.#notBefore ? [] : this.#takeReady(now);
    if (items.length > 0) {
      this.#notBefore = now + BATCH_MS;
      this.#isRunning = true;
      await this.work(items);
      this.#isRunning = false;
    }
    const readyAt = Math.min(...Array.from(this.#due, (item) => this.#readyAt(item)));
    if (readyAt < Infinity) {
      this.#scheduleAt(readyAt);
    }
  }

  #takeReady(now: number): Item[] {
    const ready = [...this.#due].filter((item) => this.#readyAt(item) <= now).slice(0, MAX_ITEMS);
    for (const item of ready) {
      this.#due.delete(item);
      this.#startedAt.set(item, now);
    }
    return ready;
  }
}
