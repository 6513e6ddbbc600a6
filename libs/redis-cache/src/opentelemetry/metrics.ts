import type { Counter, Histogram, MeterProvider } from '@opentelemetry/api';
import type { CacheOperation, CacheStateChange } from '../core.js';
import {
  ERROR_TYPE,
  errorTypeOf,
  kindOf,
  ownAttributesOf,
  SCOPE,
  stateAttributesOf,
  systemAttributesOf,
} from './conventions.js';

/** Recommended by the conventions for databases. */
const DATABASE_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
/** Recommended by the conventions for messaging. */
const MESSAGING_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** From a hit in this process to a model that takes minutes. */
const COMPUTATION_BUCKETS = [0.0001, 0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** Counts operations and changes of state, and measures how long operations take. */
export class OperationMetrics {
  readonly #operations: Counter;
  readonly #states: Counter;
  readonly #sent: Counter;
  readonly #consumed: Counter;
  readonly #database: Histogram;
  readonly #computation: Histogram;
  readonly #messaging: Histogram;
  readonly #process: Histogram;

  constructor(provider: MeterProvider) {
    const meter = provider.getMeter(SCOPE);
    const seconds = (name: string, description: string, buckets: number[]): Histogram =>
      meter.createHistogram(name, {
        unit: 's',
        description,
        advice: { explicitBucketBoundaries: buckets },
      });
    const counter = (name: string, unit: string, description: string): Counter =>
      meter.createCounter(name, { unit, description });
    this.#operations = counter('nestjs_redis_cache.operations', '{operation}', 'Operations, by outcome');
    this.#states = counter('nestjs_redis_cache.state.changes', '{change}', 'Changes of state');
    this.#sent = counter('messaging.client.sent.messages', '{message}', 'Requests appended to queues');
    this.#consumed = counter('messaging.client.consumed.messages', '{message}', 'Requests delivered');
    this.#database = seconds(
      'db.client.operation.duration',
      'Duration of requests to Redis',
      DATABASE_BUCKETS,
    );
    this.#computation = seconds(
      'nestjs_redis_cache.get_or_set.duration',
      'Duration of calls that may run a factory',
      COMPUTATION_BUCKETS,
    );
    this.#messaging = seconds(
      'messaging.client.operation.duration',
      'Duration of operations of queues',
      MESSAGING_BUCKETS,
    );
    this.#process = seconds('messaging.process.duration', 'Duration of handlers', MESSAGING_BUCKETS);
  }

  readonly end = (message: unknown): void => {
    const operation = message as CacheOperation;
    const own = ownAttributesOf(operation);
    this.#operations.add(1, own);
    const kind = kindOf(operation);
    // Neither reached Redis nor took a time worth a bucket.
    if (kind === 'copy' || (kind === 'database' && operation.outcome === 'near')) return;
    const seconds = (operation.durationMs ?? 0) / 1000;
    if (kind === 'computation') return this.#computation.record(seconds, own);
    const errorType = errorTypeOf(operation);
    const failure = errorType === undefined ? {} : { [ERROR_TYPE]: errorType };
    const attributes = { ...systemAttributesOf(operation), ...failure };
    const { count = 0 } = operation;
    if (kind === 'database') return this.#database.record(seconds, attributes);
    if (kind === 'process') this.#process.record(seconds, attributes);
    else this.#messaging.record(seconds, attributes);
    if (kind === 'send') this.#sent.add(count, attributes);
    if (kind === 'receive' || kind === 'process') this.#consumed.add(count, attributes);
  };

  readonly state = (message: unknown): void => {
    this.#states.add(1, stateAttributesOf(message as CacheStateChange));
  };
}
