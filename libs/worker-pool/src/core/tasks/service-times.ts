/** Assumed before the first task has ended, in milliseconds. */
const INITIAL_MEAN_MS = 1_000;

/** Share of the newest time in the mean: the last ten or so tasks decide. */
const NEWEST_SHARE = 0.2;

/** Milliseconds until a worker is free for a task behind `backlog` others; at least 1. */
export function estimateWaitMs(meanMs: number | null, backlog: number, concurrency: number): number {
  return Math.max(1, Math.ceil(((meanMs ?? INITIAL_MEAN_MS) * (backlog + 1)) / concurrency));
}

/** Moving mean of how long tasks hold a worker. */
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

  /** Milliseconds until a worker is free for a task behind `backlog` others; at least 1. */
  estimateWaitMs(backlog: number, concurrency: number): number {
    return estimateWaitMs(this.meanMs, backlog, concurrency);
  }
}
