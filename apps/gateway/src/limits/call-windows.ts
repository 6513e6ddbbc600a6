import type { SharedCounters } from 'nestjs-redis-cache';
import { SharedWindow, type WindowState } from './shared-window.js';

/** Callers that a process knows the windows of; the oldest give way, and are asked for again. */
const MAX_WINDOWS = 10_000;

/**
 * Windows of time by caller, counted in all processes on one Redis, by the cache's guard: without Redis every
 * count is 0, at no cost, so that nobody is refused because of it.
 */
export class CallWindows {
  readonly #windows = new Map<string, SharedWindow>();

  constructor(
    private readonly counters: Pick<SharedCounters, 'countInWindow'>,
    private readonly maxWindows: number = MAX_WINDOWS,
  ) {}

  /** Counts one call, and answers where the caller's window stands with it. */
  hit(caller: string, windowMs: number, limit: number, answer: (state: WindowState) => void): void {
    this.#windowOf(caller, windowMs, limit).hit(answer);
  }

  #windowOf(caller: string, windowMs: number, limit: number): SharedWindow {
    const known = this.#windows.get(caller);
    if (known) return known;
    if (this.#windows.size >= this.maxWindows) this.#windows.delete(this.#windows.keys().next().value!);
    const count = (amount: number): ReturnType<SharedCounters['countInWindow']> =>
      this.counters.countInWindow(`rate:${caller}`, windowMs, amount);
    const window = new SharedWindow(limit, count);
    this.#windows.set(caller, window);
    return window;
  }
}
