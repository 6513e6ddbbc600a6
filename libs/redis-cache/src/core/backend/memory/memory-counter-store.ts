import type { CallLimit, CounterStore, LimitCount, TallyBatch, WindowCount } from '../backend.js';
import { MemoryLimits } from './memory-limits.js';

/** With fewer windows, a search for ended ones is not worthwhile. */
const MIN_SWEEP_SIZE = 1_024;

interface Tally {
  readonly fields: Map<string, number>;
  /** The latest batch of each writer. */
  readonly batches: Map<string, number>;
}

interface Window {
  count: number;
  readonly until: number;
}

/** Counters in this process, lost with it. */
export class MemoryCounterStore implements CounterStore {
  readonly #tallies = new Map<string, Tally>();
  readonly #windows = new Map<string, Window>();
  readonly #limits: MemoryLimits;
  #sweepAt = MIN_SWEEP_SIZE;

  constructor(private readonly now: () => number) {
    this.#limits = new MemoryLimits(now);
  }

  /** Number of windows in memory, ended ones included. */
  get windowCount(): number {
    return this.#windows.size;
  }

  async add(name: string, increments: ReadonlyMap<string, number>, batch?: TallyBatch): Promise<boolean> {
    const tally = this.#tally(name);
    if (batch && !isNext(tally, batch)) return false;
    for (const [field, amount] of increments) {
      tally.fields.set(field, (tally.fields.get(field) ?? 0) + amount);
    }
    return true;
  }

  async read(name: string): Promise<Map<string, number>> {
    return new Map(this.#tallies.get(name)?.fields);
  }

  async countInWindow(name: string, windowMs: number, amount: number): Promise<WindowCount> {
    const now = this.now();
    const window = this.#window(name, now, windowMs);
    window.count += amount;
    return { count: window.count, resetMs: Math.ceil(window.until - now) };
  }

  async countLimited(name: string, limit: CallLimit): Promise<LimitCount> {
    return this.#limits.count(name, limit);
  }

  #tally(name: string): Tally {
    const known = this.#tallies.get(name);
    if (known) return known;
    const created: Tally = { fields: new Map(), batches: new Map() };
    this.#tallies.set(name, created);
    return created;
  }

  #window(name: string, now: number, windowMs: number): Window {
    const known = this.#windows.get(name);
    if (known && known.until > now) return known;
    const begun: Window = { count: 0, until: now + windowMs };
    this.#windows.set(name, begun);
    if (this.#windows.size >= this.#sweepAt) this.#sweep(now);
    return begun;
  }

  // The next sweep comes when the number has doubled, so that the cost per window stays negligible.
  #sweep(now: number): void {
    for (const [name, window] of this.#windows) if (window.until <= now) this.#windows.delete(name);
    this.#sweepAt = Math.max(MIN_SWEEP_SIZE, 2 * this.#windows.size);
  }
}

function isNext({ batches }: Tally, { writer, sequence }: TallyBatch): boolean {
  if (sequence <= (batches.get(writer) ?? -1)) return false;
  batches.set(writer, sequence);
  return true;
}
