import { Relay } from '../stream/relay.js';
import type { CacheOperation } from '../telemetry/operation.js';
import type { Computer, Order } from './computer.js';
import type { Factory } from './factory.js';
import { Flight } from './flight.js';
import type { Computed } from './result-keeper.js';
import { type StreamFactory, StreamSource } from './stream-source.js';

/** A computation in this process: its waiters and outcome, and its pieces as they come. */
export interface Computation {
  readonly flight: Flight<Computed>;
  readonly relay: Relay;
  /** The operation that started it, while operations are observed. */
  readonly operation: CacheOperation | undefined;
}

/** How a value is computed: as a whole, or in pieces. */
export type Work =
  | { factory: Factory<unknown> }
  | { stream: StreamFactory<unknown>; collect: (pieces: readonly never[]) => unknown };

/** A value to be computed, and how. */
export type Task = Pick<Order, 'key' | 'settings' | 'reading' | 'since'> &
  Work & { operation?: CacheOperation | undefined };

/** The computations in progress in this process, at most one for each key that callers may join. */
export class Computations {
  readonly #running = new Map<string, Computation>();
  #invalidations = 0;

  constructor(private readonly computer: Computer) {}

  get(key: string): Computation | undefined {
    return this.#running.get(key);
  }

  /** Joins the computation of the key, or starts one. A value that must be new, or that is not stored, is not shared. */
  joinOrStart(task: Task): Computation {
    const { reads, writes } = task.settings;
    if (!reads || !writes) return this.#startAlone(task);
    return this.#running.get(task.key) ?? this.#startShared(task);
  }

  /** Later calls do not join this computation, whose value is no longer valid. */
  drop(key: string, computation: Computation): void {
    if (this.#running.get(key) === computation) this.#running.delete(key);
  }

  /** Later calls do not join what began before. */
  forget(key: string): void {
    this.#invalidations += 1;
    this.#running.delete(key);
  }

  forgetAll(): void {
    this.#invalidations += 1;
    this.#running.clear();
  }

  #startAlone(task: Task): Computation {
    const invalidations = this.#invalidations;
    return this.#start(
      task,
      () => this.#invalidations === invalidations,
      () => {},
    );
  }

  #startShared(task: Task): Computation {
    const { key } = task;
    const isCurrent = (): boolean => this.#running.get(key) === computation;
    const computation = this.#start(task, isCurrent, () => this.drop(key, computation));
    this.#running.set(key, computation);
    return computation;
  }

  /** @param onEnd called when the computation has ended, or is abandoned */
  #start(task: Task, isCurrent: () => boolean, onEnd: () => void): Computation {
    const { key, settings, reading, since } = task;
    const relay = new Relay();
    const order = { key, settings, reading, since, isCurrent, relay, ...workOf(task, relay) };
    const flight = new Flight(({ signal }) => this.computer.compute(order, signal), onEnd);
    relay.attach(flight);
    const settle = (hasFailed: boolean): void => {
      onEnd();
      relay.settle(hasFailed);
    };
    flight.outcome.then(
      () => settle(false),
      () => settle(true),
    );
    return { flight, relay, operation: task.operation };
  }
}

function workOf(work: Work, relay: Relay): Pick<Order, 'factory' | 'source'> {
  if ('factory' in work) return { factory: work.factory };
  const source = new StreamSource(work.stream, work.collect, relay);
  return { factory: source.factory, source };
}
