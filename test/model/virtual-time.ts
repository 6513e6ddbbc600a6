import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { randomFrom } from '@test/support/random.js';

/** A process of the world: its timers and what it receives wait while it is frozen, and are dropped once it is dead. */
export interface Place {
  state: 'running' | 'frozen' | 'dead';
}

interface VirtualTimer {
  at: number;
  order: number;
  everyMs: number | undefined;
  action: () => void;
  place: Place | undefined;
}

const EPOCH = 1_800_000_000_000;
/** Turns of the event loop in which everything settles that does not wait for a timer. */
const TURNS = 2;

/**
 * Replaces timers, clocks and chance of this process, so that seconds pass in no time and each run with the same seed
 * is the same. Whatever runs in `at` belongs to a place.
 */
export class VirtualTime {
  readonly #places = new AsyncLocalStorage<Place>();
  readonly #timers = new Set<VirtualTimer>();
  readonly #original = {
    setTimeout: globalThis.setTimeout,
    setInterval: globalThis.setInterval,
    clearTimeout: globalThis.clearTimeout,
    clearInterval: globalThis.clearInterval,
    now: Date.now,
    monotonic: performance.now,
    random: Math.random,
  };
  #now = 0;
  #order = 0;
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
    const set = (everyMs: number | undefined, action: () => void, ms: number): unknown =>
      this.#add(action, ms, everyMs, this.#places.getStore());
    const clear = (timer: unknown): void => void this.#timers.delete(timer as VirtualTimer);
    Object.assign(globalThis, {
      setTimeout: (action: () => void, ms = 0) => set(undefined, action, ms),
      setInterval: (action: () => void, ms = 0) => set(ms, action, ms),
      clearTimeout: clear,
      clearInterval: clear,
    });
    Date.now = () => EPOCH + this.#now;
    performance.now = () => this.#now;
    Math.random = () => this.random();
  }

  restore(): void {
    const { now, monotonic, random, ...timers } = this.#original;
    Object.assign(globalThis, timers);
    Date.now = now;
    performance.now = monotonic;
    Math.random = random;
  }

  /** Milliseconds since the start. */
  get now(): number {
    return this.#now;
  }

  /** From 0 to 1, the same sequence for the same seed. */
  random(): number {
    return this.#random();
  }

  /** Runs an action as part of a place. */
  at<T>(place: Place, action: () => T): T {
    return this.#places.run(place, action);
  }

  /** Calls an action later that belongs to no place. */
  later(at: number, action: () => void): void {
    this.#places.exit(() => this.#add(action, at - this.#now, undefined, undefined));
  }

  /** Lets a place receive something: later if it is frozen, never if it is dead. */
  deliver(place: Place, action: () => void): void {
    this.#add(() => this.at(place, action), 0, undefined, place);
  }

  /** Lets time pass, and everything happen that falls into it. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const next = this.#next(end);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#fire(next);
    }
    this.#now = end;
  }

  #add(
    action: () => void,
    ms: number,
    everyMs: number | undefined,
    place: Place | undefined,
  ): VirtualTimer & { unref(): unknown; ref(): unknown } {
    this.#order += 1;
    const timer = {
      at: this.#now + Math.max(0, ms),
      order: this.#order,
      everyMs,
      action: AsyncLocalStorage.bind(action),
      place,
      unref: () => timer,
      ref: () => timer,
    };
    this.#timers.add(timer);
    return timer;
  }

  #next(end: number): VirtualTimer | undefined {
    let first: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.place?.state === 'dead') this.#timers.delete(timer);
      if (timer.at > end || (timer.place && timer.place.state !== 'running')) continue;
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  }

  #fire(timer: VirtualTimer): void {
    if (timer.everyMs === undefined) this.#timers.delete(timer);
    else timer.at = this.#now + Math.max(1, timer.everyMs);
    timer.action();
  }
}

async function settled(): Promise<void> {
  for (let count = 0; count < TURNS; count += 1) await turn();
}
