import { Counter, type Counter as CounterType, Histogram, type Registry } from 'prom-client';
import { type AnswerNote, type AnswerSource, answerSourceOf } from '../http/answer-note.js';
import { NO_ROUTE, type RequestEnd } from '../http/request-end.js';

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

/**
 * Counts requests and answers as they end. Labels are routes, methods and states, of which there are few, never
 * what clients choose.
 */
export class RequestMetrics {
  readonly #requests: Counter<'method' | 'route' | 'status'>;
  readonly #answers: Counter<'status'>;
  readonly #latency: Histogram<'source'>;
  // Looking a child up by its labels costs prom-client more than counting.
  readonly #requestsOf = new Map<string, CounterType.Internal>();
  readonly #answersOf = new Map<AnswerNote['status'], CounterType.Internal>();
  readonly #latencyOf = new Map<AnswerSource, Histogram.Internal<'source'>>();

  /** Only ever grows. */
  readonly totals = noAnswers();

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'gateway_requests_total',
      help: 'Requests, by route and status; 499: the client left before the answer',
      labelNames: ['method', 'route', 'status'],
      registers,
    });
    this.#answers = new Counter({
      name: 'gateway_answers_total',
      help: 'Completions answered: hit, miss, stale, collapsed, bypass',
      labelNames: ['status'],
      registers,
    });
    this.#latency = new Histogram({
      name: 'gateway_answer_duration_seconds',
      help: 'How long completions took to answer, by where they came from',
      labelNames: ['source'],
      buckets: LATENCY_BUCKETS,
      registers,
    });
  }

  observe(end: RequestEnd): void {
    this.#requestsFor(end).inc();
    const { answer } = end.reply;
    if (answer !== null) this.#observeAnswer(answer, end.durationMs);
  }

  #observeAnswer(answer: AnswerNote, durationMs: number): void {
    const { status } = answer;
    const source = answerSourceOf(answer);
    this.totals.status[status] += 1;
    this.totals.source[source].count += 1;
    this.totals.source[source].sumMs += durationMs;
    remembered(this.#answersOf, status, () => this.#answers.labels(status)).inc();
    remembered(this.#latencyOf, source, () => this.#latency.labels(source)).observe(durationMs / SECOND_MS);
  }

  #requestsFor({ request, route, status }: RequestEnd): CounterType.Internal {
    const method = route === NO_ROUTE ? NO_ROUTE : request.method;
    return remembered(this.#requestsOf, `${method} ${route} ${status}`, () =>
      this.#requests.labels(method, route, String(status)),
    );
  }
}

function remembered<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

const none = (): { count: number; sumMs: number } => ({ count: 0, sumMs: 0 });

function noAnswers(): AnswerTotals {
  return {
    status: { hit: 0, miss: 0, stale: 0, collapsed: 0, bypass: 0 },
    source: { near: none(), redis: none(), collapsed: none(), stale: none(), factory: none() },
  };
}
