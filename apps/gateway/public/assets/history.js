/** How far back the charts go, in seconds. */
export const WINDOW_SECONDS = 120;

/** Sources that are part of the cache. */
const KEPT = ['near', 'redis', 'stale'];

/** Rates and mean durations of the last ticks, computed from totals that only grow. */
export class History {
  #previous;
  #points = [];

  /** Adds the totals of a tick; the time is in seconds. */
  add(answers, at) {
    const previous = this.#previous;
    this.#previous = { answers, at };
    // After a restart the totals start at zero, so there is nothing to compare them with.
    if (previous === undefined || total(answers) < total(previous.answers)) return;
    this.#points.push(pointOf(previous, { answers, at }));
    while (this.#points[0].at < at - WINDOW_SECONDS) this.#points.shift();
  }

  /** Adds a gap for a lost connection. */
  interrupt() {
    this.#previous = undefined;
  }

  get last() {
    return this.#points.at(-1);
  }

  /** The columns that the chart needs. */
  columns(...names) {
    return [
      this.#points.map(({ at }) => at),
      ...names.map((name) => this.#points.map((point) => point[name])),
    ];
  }
}

function total({ status }) {
  return Object.values(status).reduce((sum, value) => sum + value, 0);
}

function pointOf(before, now) {
  const seconds = Math.max(now.at - before.at, 0.001);
  const rate = (name) => (now.answers.status[name] - before.answers.status[name]) / seconds;
  return {
    at: now.at,
    hits: rate('hit'),
    misses: rate('miss') + rate('bypass'),
    collapsed: rate('collapsed'),
    stale: rate('stale'),
    keptMs: meanMs(before.answers.source, now.answers.source, KEPT),
    computedMs: meanMs(before.answers.source, now.answers.source, ['factory', 'collapsed']),
  };
}

// null: a gap in the chart, because there were no answers.
function meanMs(before, now, sources) {
  let count = 0;
  let sum = 0;
  for (const source of sources) {
    count += now[source].count - before[source].count;
    sum += now[source].sumMs - before[source].sumMs;
  }
  return count === 0 ? null : sum / count;
}
