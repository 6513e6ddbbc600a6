import { Counter, Histogram, type Registry } from 'prom-client';
import { type AnswerOrigin, type AnswerSource, answerSourceOf } from '../../http/answer.js';
import { NO_ROUTE, type RequestEnd } from '../../http/request-end.js';
import type { StreamEnd, StreamOutcome } from '../../http/stream-progress.js';
import { getOrPut } from '../../util/get-or-put.js';

/** In seconds: from a near hit to the longest completion of a model. */
const LATENCY_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
];
const SECOND_MS = 1_000;

/** Completions since the start of the process, for the page: counts by status, durations by source. */
export interface AnswerTotals {
  status: Record<AnswerOrigin['status'], number>;
  source: Record<AnswerSource, { count: number; sumMs: number }>;
}

/** Durations collected before they are added to the histogram, which is several times cheaper in batches. */
const MAX_PENDING = 1_000;

/**
 * Counts requests and completions as they end, in plain numbers that become metrics at a scrape. Labels are routes,
 * methods and states, of which there are few, and never values that clients choose.
 */
export class RequestMetrics {
  readonly #requests = new RequestCounts();
  readonly #latency: Durations;
  readonly #firstEvents: Durations;
  readonly #streams: Record<StreamOutcome, number> = {
    completed: 0,
    client_left: 0,
    failed: 0,
    interrupted: 0,
  };

  /** Never reset. */
  readonly totals = noAnswers();

  constructor(registry: Registry) {
    this.#latency = new Durations(
      registry,
      'gateway_answer_duration_seconds',
      'Duration of completions, by where they came from',
    );
    this.#firstEvents = new Durations(
      registry,
      'gateway_stream_first_event_seconds',
      'Time to the first event of streamed completions, by where they came from',
    );
    registry.registerMetric(requestCounter(this.#requests));
    registry.registerMetric(answerCounter(this.totals.status));
    registry.registerMetric(streamCounter(this.#streams));
  }

  observe({ method, route, status, answer, durationMs, stream }: RequestEnd): void {
    this.#requests.add(route, route === NO_ROUTE ? NO_ROUTE : method, status);
    if (answer !== null) this.#observeAnswer(answer, durationMs);
    if (stream !== null) this.#observeStream(stream);
  }

  #observeAnswer(answer: AnswerOrigin, durationMs: number): void {
    const source = answerSourceOf(answer);
    this.totals.status[answer.status] += 1;
    this.totals.source[source].count += 1;
    this.totals.source[source].sumMs += durationMs;
    this.#latency.add(source, durationMs);
  }

  #observeStream({ outcome, origin, firstEventMs }: StreamEnd): void {
    this.#streams[outcome] += 1;
    if (origin !== null && firstEventMs !== null) this.#firstEvents.add(answerSourceOf(origin), firstEventMs);
  }
}

/** A histogram of durations by source. */
class Durations {
  readonly #histogram: Histogram<'source'>;
  readonly #pending: Record<AnswerSource, number[]> = {
    near: [],
    redis: [],
    collapsed: [],
    stale: [],
    factory: [],
  };

  constructor(registry: Registry, name: string, help: string) {
    const collect = (): void => this.#flush();
    const options = { name, help, labelNames: ['source'] as const, buckets: LATENCY_BUCKETS };
    this.#histogram = new Histogram({ ...options, registers: [registry], collect });
  }

  add(source: AnswerSource, durationMs: number): void {
    if (this.#pending[source].push(durationMs / SECOND_MS) >= MAX_PENDING) this.#flush();
  }

  #flush(): void {
    for (const [source, durations] of Object.entries(this.#pending)) {
      const child = this.#histogram.labels(source);
      for (const seconds of durations.splice(0)) child.observe(seconds);
    }
  }
}

function requestCounter(requests: RequestCounts): Counter {
  return new Counter({
    name: 'gateway_requests_total',
    help: 'Requests by route and status; 499: the client disconnected before the response',
    labelNames: ['method', 'route', 'status'],
    registers: [],
    collect() {
      this.reset();
      for (const { labels, count } of requests) this.inc(labels, count);
    },
  });
}

function answerCounter(totals: AnswerTotals['status']): Counter {
  return new Counter({
    name: 'gateway_answers_total',
    help: 'Completions by status: hit, miss, stale, collapsed, bypass',
    labelNames: ['status'],
    registers: [],
    collect() {
      this.reset();
      for (const [status, count] of Object.entries(totals)) if (count > 0) this.inc({ status }, count);
    },
  });
}

function streamCounter(outcomes: Record<StreamOutcome, number>): Counter {
  return new Counter({
    name: 'gateway_streams_total',
    help: 'Streamed completions by how they ended: completed, client_left, failed, interrupted',
    labelNames: ['outcome'],
    registers: [],
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(outcomes)) this.inc({ outcome }, count);
    },
  });
}

const none = (): { count: number; sumMs: number } => ({ count: 0, sumMs: 0 });

function noAnswers(): AnswerTotals {
  return {
    status: { hit: 0, miss: 0, stale: 0, collapsed: 0, bypass: 0 },
    source: { near: none(), redis: none(), collapsed: none(), stale: none(), factory: none() },
  };
}

/** The number of requests with the same labels. */
interface RequestCount {
  readonly labels: { method: string; route: string; status: number };
  count: number;
}

type Statuses = Map<number, RequestCount>;
type Methods = Map<string, Statuses>;

const noMethods = (): Methods => new Map();
const noStatuses = (): Statuses => new Map();

/** Counts requests by route, method and status. */
export class RequestCounts {
  // Nested maps: a joined key would create a string per request.
  readonly #routes = new Map<string, Methods>();

  add(route: string, method: string, status: number): void {
    const statuses = getOrPut(getOrPut(this.#routes, route, noMethods), method, noStatuses);
    getOrPut(statuses, status, () => ({ labels: { method, route, status }, count: 0 })).count += 1;
  }

  *[Symbol.iterator](): Iterator<RequestCount> {
    for (const methods of this.#routes.values())
      for (const statuses of methods.values()) yield* statuses.values();
  }
}
