/** How far back the charts go, in seconds. */
export const WINDOW_SECONDS = 120;

/** Sources whose answers come out of the cache. */
const KEPT = ['near', 'redis', 'stale'];

/** Rates and times of the last ticks, from totals that only grow. */
export class History {
  #previous;
  #points = [];

  /** Takes the totals of a tick, at a moment in seconds. */
  add(answers, at) {
    const previous = this.#previous;
    this.#previous = { answers, at };
    // After a restart the totals begin anew: there is nothing to compare them with.
    if (previous === undefined || total(answers) < total(previous.answers)) return;
    this.#points.push(pointOf(previous, { answers, at }));
    while (this.#points[0].at < at - WINDOW_SECONDS) this.#points.shift();
  }

  /** The connection was lost: a gap. */
  interrupt() {
    this.#previous = undefined;
  }

  get last() {
    return this.#points.at(-1);
  }

  /** Columns, as the chart wants them. */
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

// null: a gap in the chart, where nothing was answered.
function meanMs(before, now, sources) {
  let count = 0;
  let sum = 0;
  for (const source of sources) {
    count += now[source].count - before[source].count;
    sum += now[source].sumMs - before[source].sumMs;
  }
  return count === 0 ? null : sum / count;
}
