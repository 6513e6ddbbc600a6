/** Assumed before the first task has ended, in milliseconds. */
const INITIAL_MEAN_MS = 1_000;

/** Weight of the newest time in the average: about the last ten tasks determine it. */
const NEWEST_SHARE = 0.2;

/** Estimated milliseconds until a worker is free for a task behind `backlog` others; at least 1. */
export function estimateWaitMs(meanMs: number | null, backlog: number, concurrency: number): number {
  return Math.max(1, Math.ceil(((meanMs ?? INITIAL_MEAN_MS) * (backlog + 1)) / concurrency));
}

/** Moving average of how long tasks occupy a worker. */
export class ServiceTimes {
  #meanMs: number | undefined;

  /** Milliseconds; `null` before the first task has ended. */
  get meanMs(): number | null {
    return this.#meanMs ?? null;
  }

  record(durationMs: number): void {
    const mean = this.#meanMs ?? durationMs;
    this.#meanMs = mean + NEWEST_SHARE * (durationMs - mean);
  }

  /** Estimated milliseconds until a worker is free for a task behind `backlog` others; at least 1. */
  estimateWaitMs(backlog: number, concurrency: number): number {
    return estimateWaitMs(this.meanMs, backlog, concurrency);
  }
}
