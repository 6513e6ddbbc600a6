import { MemoryBackend } from '@redis-cache/core/backend/memory/memory-backend.js';
import type { ArrivalListener } from '@redis-cache/core/backend/queue-store.js';
import type {
  Backend,
  CacheEvent,
  CacheEventListener,
  LinkListener,
} from '@redis-cache/core/backend/backend.js';
import { createRedisCache } from '@redis-cache/core/create-redis-cache.js';
import type { RedisCacheService } from '@redis-cache/core/redis-cache.service.js';
import { type Place, VirtualTime } from './virtual-time.js';

/**
 * What may go wrong with one command.
 * - `refused`: an error reply; it is not applied
 * - `lost`: the connection breaks before it is applied
 * - `unconfirmed`: the connection breaks after it is applied
 * - `silent`: it is applied, and no reply ever comes
 * - `dies`, `died`: its process dies before it is sent, or right after
 * - `freezes`: its process freezes right after it is sent
 */
export type Fault = 'refused' | 'lost' | 'unconfirmed' | 'silent' | 'dies' | 'died' | 'freezes';

export const LEASE_MS = 600;
const COMMAND_TIMEOUT_MS = 200;
/** So many that no request becomes a dead letter by chance. */
const MAX_DELIVERIES = 1_000;
/** Longest way of a command to Redis, and of its reply back. */
export const MAX_LATENCY_MS = 8;
const RECONNECT_MS = 20;
/** More than a scenario queues between two restarts. */
const MAX_REQUESTS = 1_000;
/** By then the guard has noticed that Redis can be reached. */
const RECOVERY_MS = 1_500;
/** Stores whose methods are commands. */
const STORES = ['entries', 'leases', 'tags', 'streams', 'queue'] as const;
/** Commands of the lease after which Redis notifies waiters. */
const ENDS = new Set(['complete', 'completeFailed', 'fail', 'share', 'release']);

/** A command that Redis has applied, and its reply. */
export interface AppliedCommand {
  node: WorldNode;
  /** Store and method, such as `leases.acquire`. */
  name: string;
  args: readonly unknown[];
  result: unknown;
}

type Observer = (command: AppliedCommand) => void;

/** Some services on one backend, each as if it were in a process of its own with a connection of its own. */
export class World {
  readonly time: VirtualTime;
  readonly nodes: readonly WorldNode[];
  readonly #observers: Observer[] = [];
  #memory: MemoryBackend;
  #restarts = 0;

  constructor(count: number, seed: number) {
    this.time = new VirtualTime(seed);
    this.#memory = this.#createMemory();
    this.nodes = Array.from({ length: count }, (_, index) => new WorldNode(index, this));
  }

  /** The data of Redis. */
  get memory(): MemoryBackend {
    return this.#memory;
  }

  /** Differs after each restart of Redis. */
  get serverId(): string {
    return `server ${this.#restarts}`;
  }

  /** Redis ends and starts again at once, empty or with its data: all connections break. */
  restart(how: 'empty' | 'with data'): void {
    this.#restarts += 1;
    if (how === 'empty') this.#memory = this.#createMemory();
    for (const node of this.nodes) node.reset();
  }

  /** Ends all faults that go on: from now on every living node works and hears what happens. */
  heal(): void {
    for (const node of this.nodes) {
      node.faults.clear();
      node.isDeaf = false;
      node.thaw();
      node.restore();
    }
  }

  /** Ends all nodes, and gives timers, clocks and chance back to this process. */
  async close(): Promise<void> {
    for (const node of this.nodes) node.state = 'dead';
    await this.time.advance(1);
    this.time.restore();
  }

  /** Calls an observer after each command that Redis has applied. */
  observe(observer: Observer): void {
    this.#observers.push(observer);
  }

  report(command: AppliedCommand): void {
    for (const observer of this.#observers) observer(command);
  }

  /** Notifies all nodes but the one whose command caused it. Notifications overtake each other. */
  notify(from: WorldNode, event: CacheEvent): void {
    for (const node of this.nodes) if (node !== from) node.receive(event);
  }

  #createMemory(): MemoryBackend {
    const memory = new MemoryBackend({ maxBytes: 10_000_000, now: () => Date.now() });
    memory.arrivals.listen({
      arrived: (queue) => this.nodes.forEach((node) => node.receiveArrival(queue)),
      maybeArrived: () => {},
    });
    // As in Redis, where ids contain the time, an id of before never matches a later request.
    void memory.queue.push('requests', Array<string>(this.#restarts * MAX_REQUESTS).fill(''), Infinity);
    void memory.queue.clear('requests');
    return memory;
  }
}

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
  #appliedAt = 0;
  #repliedAt = 0;
  #isCut = false;
  #troubledAt = -Infinity;
  #onTrouble = (): void => {};
  #link: LinkListener | undefined;
  #listeners: CacheEventListener[] = [];
  #arrivalListeners: ArrivalListener[] = [];
  /** Number of the connection. What was sent over a former one gets no reply. */
  #epoch = 0;
  /** The reply of a probe is lost: the service has to open another connection to find out that Redis works. */
  #isProbeSilent = false;

  constructor(
    readonly index: number,
    private readonly world: World,
  ) {
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
    this.#epoch += 1;
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
    const stores = Object.fromEntries(STORES.map((name) => [name, this.#store(name)]));
    return {
      kind: 'redis',
      get serverId() {
        return world.serverId;
      },
      counters: world.memory.counters,
      arrivals: { listen: (listener) => void this.#arrivalListeners.push(listener), close: async () => {} },
      ...(stores as unknown as Pick<Backend, (typeof STORES)[number]>),
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

  /** A store whose methods are commands: they reach the store of the data that Redis then has. */
  #store(name: (typeof STORES)[number]): object {
    return new Proxy(this.world.memory[name], {
      get: (_target, method) => {
        if (typeof method !== 'string') return undefined;
        return (...args: unknown[]) => this.#send(() => this.#apply(name, method, args));
      },
    });
  }

  async #apply(name: (typeof STORES)[number], method: string, args: unknown[]): Promise<unknown> {
    const { world } = this;
    const store = world.memory[name];
    const command = Reflect.get(store, method) as (...values: unknown[]) => Promise<unknown>;
    const result = await command.apply(store, args);
    world.report({ node: this, name: `${name}.${method}`, args, result });
    if (name === 'leases' && ENDS.has(method) && result === true) {
      world.notify(this, { type: 'ended', key: String(args[0]) });
    }
    if (name === 'streams' && method === 'append' && result === 'watched') {
      world.notify(this, { type: 'pieces', key: String(args[0]) });
    }
    return result;
  }

  #probe(apply: () => Promise<void>): Promise<void> {
    if (this.faults.get(this.commands) === 'silent') this.#isProbeSilent = true;
    return this.#send(apply);
  }

  /** Commands of a connection are applied in their order; each takes a moment to get there, and its reply back. */
  #send<T>(apply: () => Promise<T>): Promise<T> {
    const { time } = this.world;
    const fault = this.#faultOfNext();
    if (fault !== undefined) this.#trouble();
    if (fault === 'dies' || fault === 'died') this.die();
    if (fault === 'freezes') this.freeze();
    if (fault === 'dies') return never();
    if (this.#isCut || fault === 'lost') return this.#breakAt(time.now);
    this.#appliedAt = Math.max(this.#appliedAt, time.now + time.random() * MAX_LATENCY_MS);
    if (fault === 'refused') return this.#reply(() => Promise.reject(new Refusal()));
    if (fault === 'silent' || fault === 'unconfirmed') {
      time.later(this.#appliedAt, () => void apply());
      return fault === 'silent' ? never() : this.#breakAt(this.#appliedAt);
    }
    return this.#reply(apply);
  }

  #faultOfNext(): Fault | undefined {
    const fault = this.faults.get(this.commands);
    this.commands += 1;
    return fault;
  }

  #reply<T>(apply: () => Promise<T>): Promise<T> {
    const { time } = this.world;
    const epoch = this.#epoch;
    return new Promise((resolve, reject) => {
      const receive = (action: () => void): void => {
        this.#repliedAt = Math.max(this.#repliedAt, time.now + time.random() * MAX_LATENCY_MS);
        time.later(this.#repliedAt, () => {
          time.deliver(this, this.#epoch === epoch ? action : () => reject(broken()));
        });
      };
      time.later(this.#appliedAt, () => {
        if (this.#epoch !== epoch) return time.deliver(this, () => reject(broken()));
        apply().then(
          (value) => receive(() => resolve(value)),
          (error: unknown) => receive(() => reject(error as Error)),
        );
      });
    });
  }

  /** The command fails with its connection, which breaks at that time. */
  #breakAt<T>(at: number): Promise<T> {
    const { time } = this.world;
    return new Promise((_resolve, reject) => {
      time.later(at, () => {
        time.deliver(this, () => reject(broken()));
        if (!this.#isCut) this.reset();
      });
    });
  }
}

/** As ioredis passes on an error reply. */
class Refusal extends Error {
  override readonly name = 'ReplyError';

  constructor() {
    super('ERR refused');
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}

function broken(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}
