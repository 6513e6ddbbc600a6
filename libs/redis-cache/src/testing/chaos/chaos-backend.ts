import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type {
  Backend,
  EntryStore,
  LinkListener,
  CounterStore,
  EventChannel,
  LeaseStore,
  TagStore,
} from '../../core/backend/backend.js';
import type { ArrivalChannel, QueueStore } from '../../core/backend/queue-store.js';
import { ChaosError } from './chaos.error.js';
import { ChaosLink } from './chaos-link.js';
import { CALM, changedSettings, type ChaosOptions, type ChaosSettings } from './chaos-options.js';
import { damage } from './damage.js';
import { type Random, seededRandom } from './random.js';

/** How many operations went wrong so far, by what happened to them. */
export interface ChaosTally {
  failed: number;
  hung: number;
  delayed: number;
  corrupted: number;
}

const READS: ReadonlySet<string> = new Set([
  'entries.get',
  'queue.shift',
  'queue.reserve',
  'queue.listDeadLetters',
  'leases.acquire',
  'leases.peek',
  'tags.ensure',
  'tags.read',
]);

/** What is to happen to an operation. */
interface Fate {
  hangs: boolean;
  waits: boolean;
  fails: boolean;
  corrupts: boolean;
  random: Random;
}

/**
 * Another backend, with faults: operations that are refused, late, never answered, or read damaged data, each
 * with a probability that can be changed at any time, and a way to it that can be cut. Chosen by a seed, so
 * that a run can be had again.
 *
 * @example
 * const chaos = new ChaosBackend(new MemoryBackend({ maxBytes: 1_000_000 }), { failRate: 0.2, seed: 7 });
 * const cache = createTestingCache({ backend: chaos });
 * chaos.goDown();
 * await cache.getCachedResponse('key'); // null, at once
 * chaos.comeUp();
 */
export class ChaosBackend implements Backend {
  readonly kind: Backend['kind'];
  readonly entries: EntryStore;
  readonly queue: QueueStore;
  readonly leases: LeaseStore;
  readonly tags: TagStore;
  readonly counters: CounterStore;
  readonly events: EventChannel;
  readonly arrivals: ArrivalChannel;
  readonly #link: ChaosLink;
  readonly #tally: ChaosTally = { failed: 0, hung: 0, delayed: 0, corrupted: 0 };
  #settings: ChaosSettings;
  #random: Random;
  #connection: MessagePort | undefined;

  /** @throws {InvalidOptionsError} an option out of its range */
  constructor(
    private readonly inner: Backend,
    options: ChaosOptions = {},
  ) {
    this.#settings = changedSettings(CALM, options);
    this.#random = seededRandom(this.#settings.seed);
    this.#link = new ChaosLink(inner);
    this.kind = inner.kind;
    this.entries = this.#disturbed('entries', inner.entries);
    this.queue = this.#disturbed('queue', inner.queue);
    this.leases = this.#disturbed('leases', inner.leases);
    this.tags = this.#disturbed('tags', inner.tags);
    this.counters = this.#disturbed('counters', inner.counters);
    this.events = this.#link.channel();
    this.arrivals = this.#link.arrivals();
  }

  /** What went wrong so far; operations while it was down are not counted. */
  get injected(): ChaosTally {
    return { ...this.#tally };
  }

  /**
   * Changes the options that are given, from the next operation on. A `seed` begins its row of faults anew.
   *
   * @throws {InvalidOptionsError} an option out of its range; nothing is changed then
   */
  set(options: ChaosOptions): void {
    this.#settings = changedSettings(this.#settings, options);
    if (options.seed !== undefined) this.#random = seededRandom(options.seed);
  }

  /** Cuts the way: the listeners are told, and every operation rejects with the reason. */
  goDown(reason: Error = new ChaosError('chaos: the backend is down')): void {
    this.#link.cut(reason);
  }

  /** The way is there again. */
  comeUp(): void {
    this.#link.restore();
  }

  watch(listener: LinkListener): void {
    this.#link.watch(listener);
  }

  ping(): Promise<unknown> {
    return this.#run('ping', () => this.inner.ping());
  }

  pingWrite(): Promise<unknown> {
    return this.#run('pingWrite', () => this.inner.pingWrite());
  }

  reconnect(): void {
    this.inner.reconnect();
    this.#link.renew(new ChaosError('chaos: the connection was given up'));
  }

  /** Closes the backend beneath. Never disturbed. */
  close(): Promise<void> {
    this.#connection?.close();
    return this.inner.close();
  }

  #disturbed<Store extends object>(name: string, store: Store): Store {
    return new Proxy(store, {
      get: (target, property) => {
        const member: unknown = Reflect.get(target, property);
        if (typeof member !== 'function') return member;
        const operation = `${name}.${String(property)}`;
        return (...args: unknown[]) =>
          this.#run(operation, () => Reflect.apply(member, target, args) as Promise<unknown>);
      },
    });
  }

  async #run<T>(operation: string, run: () => Promise<T>): Promise<T> {
    const fate = this.#nextFate();
    this.#link.assertUp();
    if (fate.hangs) return this.#hang();
    if (fate.waits) await this.#wait();
    this.#link.assertUp();
    if (fate.fails) this.#fail(operation);
    const answer = await run();
    if (answer === null || !fate.corrupts || !READS.has(operation)) return answer;
    this.#tally.corrupted += 1;
    return damage(answer, fate.random);
  }

  // As many numbers for each operation, so that changing one rate leaves the other faults where they were.
  #nextFate(): Fate {
    const { hangRate, delayRate, failRate, corruptRate } = this.#settings;
    const happens = (rate: number): boolean => this.#random() < rate;
    return {
      hangs: happens(hangRate),
      waits: happens(delayRate),
      fails: happens(failRate),
      corrupts: happens(corruptRate),
      random: seededRandom(this.#random() * 2 ** 32),
    };
  }

  // As long as an operation hangs the process has to run on, as it does while a connection is open.
  #hang(): Promise<never> {
    this.#tally.hung += 1;
    this.#connection ??= openPort();
    return new Promise(() => {});
  }

  #wait(): Promise<void> {
    this.#tally.delayed += 1;
    return new Promise((resolve) => setTimeout(resolve, this.#settings.delayMs));
  }

  #fail(operation: string): never {
    this.#tally.failed += 1;
    throw this.#settings.error?.(operation) ?? new ChaosError(`chaos: ${operation} failed`);
  }
}

/** A handle that keeps the process running until it is closed; no timer, since tests fake these. */
function openPort(): MessagePort {
  const { port1 } = new MessageChannel();
  port1.ref();
  return port1;
}
