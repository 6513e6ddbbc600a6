import type { Counter, Histogram, MeterProvider } from '@opentelemetry/api';
import {
  counterOf,
  durationOf,
  failureAttributes,
  MessagingMetrics,
} from 'nestjs-redis-connection/opentelemetry';
import type { CacheOperation, CacheStateChange } from '../core.js';
import {
  errorTypeOf,
  kindOf,
  ownAttributesOf,
  SCOPE,
  stateAttributesOf,
  systemAttributesOf,
} from './conventions.js';

/** Recommended by the conventions for databases. */
const DATABASE_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
/** From a hit in this process to a model that takes minutes. */
const COMPUTATION_BUCKETS = [0.0001, 0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** Counts operations and changes of state, and measures how long operations take. */
export class OperationMetrics {
  readonly #operations: Counter;
  readonly #states: Counter;
  readonly #database: Histogram;
  readonly #computation: Histogram;
  readonly #messaging: MessagingMetrics;

  constructor(provider: MeterProvider) {
    const meter = provider.getMeter(SCOPE);
    this.#operations = counterOf(
      meter,
      'nestjs_redis_cache.operations',
      '{operation}',
      'Operations, by outcome',
    );
    this.#states = counterOf(meter, 'nestjs_redis_cache.state.changes', '{change}', 'Changes of state');
    this.#database = durationOf(
      meter,
      'db.client.operation.duration',
      'Duration of requests to Redis',
      DATABASE_BUCKETS,
    );
    this.#computation = durationOf(
      meter,
      'nestjs_redis_cache.get_or_set.duration',
      'Duration of calls that may run a factory',
      COMPUTATION_BUCKETS,
    );
    this.#messaging = new MessagingMetrics(meter);
  }

  readonly end = (message: unknown): void => {
    const operation = message as CacheOperation;
    const own = ownAttributesOf(operation);
    this.#operations.add(1, own);
    const kind = kindOf(operation);
    // Neither reached Redis nor took a time worth a bucket.
    if (kind === 'copy' || (kind === 'database' && operation.outcome === 'near')) return;
    const { count = 0, durationMs = 0 } = operation;
    const seconds = durationMs / 1000;
    if (kind === 'computation') return this.#computation.record(seconds, own);
    const attributes = {
      ...systemAttributesOf(operation),
      ...failureAttributes(errorTypeOf(operation)),
    };
    if (kind === 'database') this.#database.record(seconds, attributes);
    else this.#messaging.record(kind, seconds, count, attributes);
  };

  readonly state = (message: unknown): void => {
    this.#states.add(1, stateAttributesOf(message as CacheStateChange));
  };
}
