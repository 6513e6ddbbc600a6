import { Counter, Histogram, type Registry } from 'prom-client';
import { type AnswerNote, type AnswerSource, answerSourceOf } from '../http/answer-note.js';
import { NO_ROUTE, type RequestEnd } from '../http/request-end.js';
import { RequestCounts } from './request-counts.js';

/** Seconds: from a near hit to the longest answer of a model. */
const LATENCY_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
];
const SECOND_MS = 1_000;

/** Answers since the start of the process, for the page: how many by status, and how long they took by source. */
export interface AnswerTotals {
  status: Record<AnswerNote['status'], number>;
  source: Record<AnswerSource, { count: number; sumMs: number }>;
}

/** How many durations wait until they are sorted into buckets, which costs several times as much for one alone. */
const MAX_UNSORTED = 1_000;

/**
 * Counts requests and answers as they end, as plain numbers, which are made into metrics when these are read.
 * Labels are routes, methods and states, of which there are few, never what clients choose.
 */
export class RequestMetrics {
  readonly #requests = new RequestCounts();
  readonly #latency: Histogram<'source'>;
  readonly #unsorted: Record<AnswerSource, number[]> = {
    near: [],
    redis: [],
    collapsed: [],
    stale: [],
    factory: [],
  };

  /** Only ever grows. */
  readonly totals = noAnswers();

  constructor(registry: Registry) {
    const sort = (): void => this.#sort();
    this.#latency = new Histogram({
      name: 'gateway_answer_duration_seconds',
      help: 'How long completions took to answer, by where they came from',
      labelNames: ['source'],
      buckets: LATENCY_BUCKETS,
      registers: [registry],
      collect: sort,
    });
    registry.registerMetric(requestCounter(this.#requests));
    registry.registerMetric(answerCounter(this.totals.status));
  }

  observe({ method, route, status, answer, durationMs }: RequestEnd): void {
    this.#requests.add(route, route === NO_ROUTE ? NO_ROUTE : method, status);
    if (answer !== null) this.#observeAnswer(answer, durationMs);
  }

  #observeAnswer(answer: AnswerNote, durationMs: number): void {
    const source = answerSourceOf(answer);
    this.totals.status[answer.status] += 1;
    this.totals.source[source].count += 1;
    this.totals.source[source].sumMs += durationMs;
    if (this.#unsorted[source].push(durationMs / SECOND_MS) >= MAX_UNSORTED) this.#sort();
  }

  #sort(): void {
    for (const [source, durations] of Object.entries(this.#unsorted)) {
      const child = this.#latency.labels(source);
      for (const seconds of durations.splice(0)) child.observe(seconds);
    }
  }
}

function requestCounter(requests: RequestCounts): Counter {
  return new Counter({
    name: 'gateway_requests_total',
    help: 'Requests, by route and status; 499: the client left before the answer',
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
    help: 'Completions answered: hit, miss, stale, collapsed, bypass',
    labelNames: ['status'],
    registers: [],
    collect() {
      this.reset();
      for (const [status, count] of Object.entries(totals)) if (count > 0) this.inc({ status }, count);
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
