import type { ArrivalListener } from '@redis-cache/core/backend/queue-store.js';
import type {
  Backend,
  CacheEvent,
  CacheEventListener,
  LinkListener,
} from '@redis-cache/core/backend/backend.js';
import { createRedisCache } from '@redis-cache/core/create-redis-cache.js';
import type { RedisCacheService } from '@redis-cache/core/redis-cache.service.js';
import type { Place } from './virtual-time.js';
import { broken, type Fault, MAX_LATENCY_MS, never, Refusal, Wire } from './wire.js';
import type { World } from './world.js';
import { commandStores } from './world-stores.js';

export const LEASE_MS = 600;
const COMMAND_TIMEOUT_MS = 200;
/** So many that no request becomes a dead letter by chance. */
const MAX_DELIVERIES = 1_000;
const RECONNECT_MS = 20;
/** By then the guard has noticed that Redis can be reached. */
const RECOVERY_MS = 1_500;

/** A service with a place of its own, which can die, freeze, and lose its commands. */
export class WorldNode implements Place {
  state: Place['state'] = 'running';
  readonly cache: RedisCacheService;
  /** Faults of its commands to come, by their number. */
  readonly faults = new Map<number, Fault>();
  /** How many commands it has sent. */
  commands = 0;
  /** Whether it misses the events from others. */
  isDeaf = false;
  #isCut = false;
  #troubledAt = -Infinity;
  #onTrouble = (): void => {};
  #link: LinkListener | undefined;
  #listeners: CacheEventListener[] = [];
  #arrivalListeners: ArrivalListener[] = [];
  readonly #wire: Wire;
  /** The reply of a probe is lost: the service has to open another connection to find out that Redis works. */
  #isProbeSilent = false;

  constructor(
    readonly index: number,
    private readonly world: World,
  ) {
    this.#wire = new Wire(this, world.time);
    this.cache = world.time.at(this, () =>
      createRedisCache(
        {
          backend: 'memory',
          commandTimeoutMs: COMMAND_TIMEOUT_MS,
          getOrSet: { leaseMs: LEASE_MS },
          queue: { maxDeliveries: MAX_DELIVERIES },
        },
        { backend: this.#backend(), logger: { log: () => {}, warn: () => {} } },
      ),
    );
  }

  /** Sets the only listener, which is called whenever something goes wrong. */
  onTrouble(listener: () => void): void {
    this.#onTrouble = listener;
  }

  /** Whether it may not know what happens in Redis, because something went wrong or soon will. */
  get isTroubled(): boolean {
    const isDue = [...this.faults.keys()].some((number) => number >= this.commands);
    return isDue || this.wasTroubledSince(this.world.time.now);
  }

  /** Whether something has gone wrong since that time, or shortly before it. */
  wasTroubledSince(at: number): boolean {
    return this.#isCut || this.#isProbeSilent || this.#troubledAt > at - RECOVERY_MS;
  }

  receive(event: CacheEvent): void {
    this.#afterAWhile(() => {
      for (const listener of this.#listeners) listener(event);
    });
  }

  receiveArrival(queue: string): void {
    this.#afterAWhile(() => {
      for (const listener of this.#arrivalListeners) listener.arrived(queue);
    });
  }

  /** Something that Redis sends without being queried; lost while the connection is broken. */
  #afterAWhile(action: () => void): void {
    const { time } = this.world;
    if (this.#isCut || this.isDeaf) return;
    time.later(time.now + time.random() * MAX_LATENCY_MS, () => {
      if (!this.#isCut) time.deliver(this, action);
    });
  }

  /** From now on nothing reaches Redis. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#isProbeSilent = false;
    this.#trouble();
    this.world.time.deliver(this, () => this.#link?.down(broken()));
  }

  restore(): void {
    if (!this.#isCut) return;
    this.#isCut = false;
    this.#trouble();
    this.#reconnected();
  }

  /** The connection breaks, and is opened again a little later. */
  reset(): void {
    const { time } = this.world;
    this.#trouble();
    this.#isProbeSilent = false;
    this.#wire.break();
    time.deliver(this, () => this.#link?.down(broken()));
    time.later(time.now + RECONNECT_MS, () => {
      if (!this.#isCut) this.#reconnected();
    });
  }

  #reconnected(): void {
    this.world.time.deliver(this, () => {
      this.#link?.up();
      for (const listener of this.#arrivalListeners) listener.maybeArrived();
    });
  }

  freeze(): void {
    if (this.state !== 'running') return;
    this.state = 'frozen';
    this.#trouble();
  }

  thaw(): void {
    if (this.state !== 'frozen') return;
    this.state = 'running';
    this.#trouble();
  }

  die(): void {
    this.state = 'dead';
    this.#trouble();
  }

  #trouble(): void {
    this.#troubledAt = this.world.time.now;
    this.#onTrouble();
  }

  #backend(): Backend {
    const { world } = this;
    return {
      kind: 'redis',
      get serverId() {
        return world.serverId;
      },
      counters: world.memory.counters,
      arrivals: { listen: (listener) => void this.#arrivalListeners.push(listener), close: async () => {} },
      ...commandStores(world, this, (apply) => this.#send(apply)),
      events: { listen: (listener) => void this.#listeners.push(listener), close: async () => {} },
      watch: (listener) => {
        this.#link = listener;
        listener.up();
      },
      ping: () => this.#probe(() => world.memory.ping()),
      pingWrite: () => this.#probe(() => world.memory.pingWrite()),
      reconnect: () => this.reset(),
      close: async () => {},
    };
  }

  #probe(apply: () => Promise<void>): Promise<void> {
    if (this.faults.get(this.commands) === 'silent') this.#isProbeSilent = true;
    return this.#send(apply);
  }

  #send<T>(apply: () => Promise<T>): Promise<T> {
    const { time } = this.world;
    const fault = this.#faultOfNext();
    if (fault !== undefined) this.#trouble();
    if (fault === 'dies' || fault === 'died') this.die();
    if (fault === 'freezes') this.freeze();
    if (fault === 'dies') return never();
    if (this.#isCut || fault === 'lost') return this.#breakAt(time.now);
    const appliedAt = this.#wire.send();
    if (fault === 'refused') return this.#wire.reply(() => Promise.reject(new Refusal()));
    if (fault === 'silent' || fault === 'unconfirmed') {
      time.later(appliedAt, () => void apply());
      return fault === 'silent' ? never() : this.#breakAt(appliedAt);
    }
    return this.#wire.reply(apply);
  }

  #faultOfNext(): Fault | undefined {
    const fault = this.faults.get(this.commands);
    this.commands += 1;
    return fault;
  }

  #breakAt<T>(at: number): Promise<T> {
    return this.#wire.failAt(at, () => {
      if (!this.#isCut) this.reset();
    });
  }
}
