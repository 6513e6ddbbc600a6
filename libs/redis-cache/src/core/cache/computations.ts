import { Relay } from '../stream/relay.js';
import type { Computer, Order } from './computer.js';
import type { Factory } from './factory.js';
import { Flight } from './flight.js';
import type { Computed } from './result-keeper.js';
import { type StreamFactory, StreamSource } from './stream-source.js';

/** A computation in this process: its waiters and outcome, and its pieces as they come. */
export interface Computation {
  readonly flight: Flight<Computed>;
  readonly relay: Relay;
}

/** How a value is computed: as a whole, or in pieces. */
export type Work =
  | { factory: Factory<unknown> }
  | { stream: StreamFactory<unknown>; collect: (pieces: readonly never[]) => unknown };

/** A value to be computed, and how. */
export type Task = Pick<Order, 'key' | 'settings' | 'reading'> & Work;

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
    return this.#start(task, {
      isCurrent: () => this.#invalidations === invalidations,
      onEnd: () => {},
    });
  }

  #startShared(task: Task): Computation {
    const { key } = task;
    const isCurrent = (): boolean => this.#running.get(key) === computation;
    const onEnd = (): void => void (isCurrent() && this.#running.delete(key));
    const computation = this.#start(task, { isCurrent, onEnd });
    this.#running.set(key, computation);
    computation.flight.outcome.then(onEnd, onEnd);
    return computation;
  }

  #start(task: Task, { isCurrent, onEnd }: { isCurrent: () => boolean; onEnd: () => void }): Computation {
    const { key, settings, reading } = task;
    const relay = new Relay();
    const order = { key, settings, reading, isCurrent, ...workOf(task, relay) };
    return { flight: new Flight(({ signal }) => this.computer.compute(order, signal), onEnd), relay };
  }
}

function workOf(work: Work, relay: Relay): Pick<Order, 'factory' | 'source'> {
  if ('factory' in work) return { factory: work.factory };
  const source = new StreamSource(work.stream, work.collect, relay);
  return { factory: source.factory, source };
}
