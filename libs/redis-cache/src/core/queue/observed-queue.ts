import {
  CacheOperation,
  isObserved,
  type OperationOutcome,
  type QueueOperationName,
} from '../telemetry/operation.js';
import type { LeaseOptions, ReleaseOptions, WaitOptions } from './call-options.js';
import type { QueueOutcome } from './producer.js';
import type { QueueCore } from './queue-core.js';
import { RequestQueue } from './request-queue.js';
import type { ReservedRequest } from './reservations.js';

const OUTCOMES: Readonly<Record<QueueOutcome, OperationOutcome>> = {
  queued: 'ok',
  full: 'full',
  invalid: 'invalid',
  unconfirmed: 'fallback',
};

/** A queue that publishes its operations while somebody subscribes to them. */
export class ObservedQueue extends RequestQueue {
  readonly #core: QueueCore;

  constructor(core: QueueCore) {
    super(core);
    this.#core = core;
  }

  override queueOutcome(request: unknown): Promise<QueueOutcome> {
    if (!isObserved()) return super.queueOutcome(request);
    const operation = this.#operation('queueRequest');
    return operation.observe(
      () => super.queueOutcome(request),
      (outcome) => {
        operation.count = outcome === 'queued' ? 1 : 0;
        return OUTCOMES[outcome];
      },
    );
  }

  override queueRequests(requests: readonly unknown[]): Promise<boolean[]> {
    if (!isObserved()) return super.queueRequests(requests);
    const run = (): Promise<boolean[]> => super.queueRequests(requests);
    return this.#observeEach('queueRequests', run, 'full');
  }

  // `dequeueRequest` and `dequeueRequests` do not call each other.
  override async dequeueRequest<T = unknown>(): Promise<T | null> {
    if (!isObserved()) return super.dequeueRequest<T>();
    const operation = this.#operation('dequeueRequests');
    return operation.observe(
      () => super.dequeueRequest<T>(),
      (request) => this.#received(operation, request === null ? 0 : 1),
    );
  }

  override dequeueRequests<T = unknown>(count: number): Promise<T[]> {
    if (!isObserved()) return super.dequeueRequests<T>(count);
    const operation = this.#operation('dequeueRequests');
    return operation.observe(
      () => super.dequeueRequests<T>(count),
      ({ length }) => this.#received(operation, length),
    );
  }

  override waitForRequest<T = unknown>(options?: WaitOptions): Promise<T | null> {
    if (!isObserved()) return super.waitForRequest<T>(options);
    const operation = this.#operation('waitForRequest');
    return operation.observe(
      () => super.waitForRequest<T>(options),
      (request) => this.#received(operation, request === null ? 0 : 1),
    );
  }

  override reserveRequests<T = unknown>(
    count: number,
    options?: LeaseOptions,
  ): Promise<ReservedRequest<T>[]> {
    if (!isObserved()) return super.reserveRequests<T>(count, options);
    const operation = this.#operation('reserveRequests');
    return operation.observe(
      () => super.reserveRequests<T>(count, options),
      ({ length }) => this.#received(operation, length),
    );
  }

  override async acknowledgeRequest(id: string): Promise<boolean> {
    if (!isObserved()) return super.acknowledgeRequest(id);
    return this.#observeOne('acknowledgeRequests', () => super.acknowledgeRequest(id));
  }

  override acknowledgeRequests(ids: readonly string[]): Promise<boolean[]> {
    if (!isObserved()) return super.acknowledgeRequests(ids);
    return this.#observeEach('acknowledgeRequests', () => super.acknowledgeRequests(ids), 'lost');
  }

  override releaseRequest(id: string, options?: ReleaseOptions): Promise<boolean> {
    if (!isObserved()) return super.releaseRequest(id, options);
    return this.#observeOne('releaseRequest', () => super.releaseRequest(id, options));
  }

  override rejectRequest(id: string, reason?: string): Promise<boolean> {
    if (!isObserved()) return super.rejectRequest(id, reason);
    return this.#observeOne('rejectRequest', () => super.rejectRequest(id, reason));
  }

  override clearQueue(): Promise<boolean> {
    if (!isObserved()) return super.clearQueue();
    return this.#operation('clearQueue').observe(
      () => super.clearQueue(),
      (isDone) => (isDone ? 'ok' : 'fallback'),
    );
  }

  #observeOne(name: QueueOperationName, settle: () => Promise<boolean>): Promise<boolean> {
    const operation = this.#operation(name);
    return operation.observe(settle, (isDone) => {
      operation.count = Number(isDone);
      return isDone ? 'ok' : this.#unless('lost');
    });
  }

  #observeEach(
    name: QueueOperationName,
    run: () => Promise<boolean[]>,
    otherwise: OperationOutcome,
  ): Promise<boolean[]> {
    const operation = this.#operation(name);
    return operation.observe(run, (done) => {
      operation.count = done.filter(Boolean).length;
      return operation.count === done.length ? 'ok' : this.#unless(otherwise);
    });
  }

  #received(operation: CacheOperation, count: number): OperationOutcome {
    operation.count = count;
    return count > 0 ? 'ok' : this.#unless('empty');
  }

  /** The outcome of an operation without effect: `fallback` while Redis is known to be unavailable. */
  #unless(outcome: OperationOutcome): OperationOutcome {
    return this.#core.context.guard.serving ? outcome : 'fallback';
  }

  #operation(name: QueueOperationName): CacheOperation {
    const { guard, name: queue } = this.#core.context;
    return new CacheOperation(name, guard.states.cache, queue);
  }
}
