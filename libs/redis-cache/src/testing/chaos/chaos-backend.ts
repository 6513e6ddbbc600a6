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
import type { StreamStore } from '../../core/backend/stream-store.js';
import { ChaosLink } from './chaos-link.js';
import { CALM, changedSettings, ChaosError, type ChaosOptions, type ChaosSettings } from './chaos-options.js';
import { damage, type Random, seededRandom } from './damage.js';

/** Number of operations disturbed so far, by kind of fault. */
export interface ChaosCounts {
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
  'streams.read',
]);

/** The faults chosen for an operation. */
interface Faults {
  hangs: boolean;
  waits: boolean;
  fails: boolean;
  corrupts: boolean;
  random: Random;
}

/**
 * Wraps a backend and injects faults: operations fail, hang, are delayed or read damaged data, each with a
 * probability that can be changed at any time, and the connection can be cut. A seed determines the faults, so that
 * a run can be repeated.
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
  readonly streams: StreamStore;
  readonly events: EventChannel;
  readonly arrivals: ArrivalChannel;
  readonly #link: ChaosLink;
  readonly #counts: ChaosCounts = { failed: 0, hung: 0, delayed: 0, corrupted: 0 };
  #settings: ChaosSettings;
  #random: Random;
  #connection: MessagePort | undefined;

  /** @throws {InvalidOptionsError} an option is unknown or out of range */
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
    this.streams = this.#disturbed('streams', inner.streams);
    this.events = this.#link.channel();
    this.arrivals = this.#link.arrivals();
  }

  /** The faults injected so far, without operations that failed because the backend was down. */
  get injected(): ChaosCounts {
    return { ...this.#counts };
  }

  /**
   * Changes the given options, from the next operation on. A `seed` restarts its sequence of faults.
   *
   * @throws {InvalidOptionsError} an option is unknown or out of range; nothing is changed then
   */
  set(options: ChaosOptions): void {
    this.#settings = changedSettings(this.#settings, options);
    if (options.seed !== undefined) this.#random = seededRandom(options.seed);
  }

  /** Cuts the connection: listeners are notified, and every operation rejects with the reason. */
  goDown(reason: Error = new ChaosError('chaos: the backend is down')): void {
    this.#link.cut(reason);
  }

  /** Restores the connection. */
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

  async evictionPolicy(): Promise<string> {
    return (await this.#run('evictionPolicy', async () => this.inner.evictionPolicy?.())) ?? '';
  }

  reconnect(): void {
    this.inner.reconnect();
    this.#link.renew(new ChaosError('chaos: the connection was replaced'));
  }

  /** Closes the wrapped backend. Never disturbed. */
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
    const faults = this.#nextFaults();
    this.#link.assertUp();
    if (faults.hangs) return this.#hang();
    if (faults.waits) await this.#wait();
    this.#link.assertUp();
    if (faults.fails) this.#fail(operation);
    const result = await run();
    if (result === null || !faults.corrupts || !READS.has(operation)) return result;
    this.#counts.corrupted += 1;
    return damage(result, faults.random);
  }

  // Every operation draws the same number of random numbers, so that changing one rate keeps the other faults.
  #nextFaults(): Faults {
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

  // A hanging operation must keep the process alive, as an open connection does.
  #hang(): Promise<never> {
    this.#counts.hung += 1;
    this.#connection ??= openPort();
    return new Promise(() => {});
  }

  #wait(): Promise<void> {
    this.#counts.delayed += 1;
    return new Promise((resolve) => setTimeout(resolve, this.#settings.delayMs));
  }

  #fail(operation: string): never {
    this.#counts.failed += 1;
    throw this.#settings.error?.(operation) ?? new ChaosError(`chaos: ${operation} failed`);
  }
}

/** Returns a handle that keeps the process alive until it is closed; not a timer, because tests fake timers. */
function openPort(): MessagePort {
  const { port1 } = new MessageChannel();
  port1.ref();
  return port1;
}
