import type { Counter, Histogram, MeterProvider } from '@opentelemetry/api';
import {
  counterOf,
  durationOf,
  failureAttributes,
  MessagingMetrics,
} from 'nestjs-redis-connection/opentelemetry';
import type { PoolOperation, PoolStateChange } from '../core.js';
import { messagingTypeOf, ownAttributesOf, SCOPE, systemAttributesOf } from './conventions.js';

/** From the submission of a task to a model that takes minutes. */
const BUCKETS = [0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** Measures how long operations take, and counts messages and changes of state. */
export class PoolMetrics {
  readonly #durations: Histogram;
  readonly #states: Counter;
  readonly #messaging: MessagingMetrics;

  constructor(provider: MeterProvider) {
    const meter = provider.getMeter(SCOPE);
    const description = 'Duration of operations of pools, by outcome';
    this.#durations = durationOf(meter, 'nestjs_worker_pool.operation.duration', description, BUCKETS);
    this.#states = counterOf(meter, 'nestjs_worker_pool.state.changes', '{change}', 'Changes of state');
    this.#messaging = new MessagingMetrics(meter);
  }

  readonly end = (message: unknown): void => {
    const operation = message as PoolOperation;
    const { durationMs = 0, errorType } = operation;
    const failure = failureAttributes(errorType);
    this.#durations.record(durationMs / 1000, { ...ownAttributesOf(operation), ...failure });
    const attributes = { ...systemAttributesOf(operation), ...failure };
    const type = messagingTypeOf(operation);
    if (type !== undefined) this.#messaging.record(type, durationMs / 1000, 1, attributes);
    else if (isQueuedRun(operation)) this.#messaging.sent(1, attributes);
  };

  readonly state = (message: unknown): void => {
    const { state } = message as PoolStateChange;
    this.#states.add(1, { 'nestjs_worker_pool.state': state });
  };
}

/** It sends a task, and then waits for its end: its duration is not that of sending. */
function isQueuedRun({ operation, queue }: PoolOperation): boolean {
  return operation === 'run' && queue !== undefined;
}
