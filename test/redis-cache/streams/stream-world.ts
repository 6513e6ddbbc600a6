import { MemoryBackend } from '@redis-cache/core/backend/memory/memory-backend.js';
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
/** Longest way of a command to Redis, and of its reply back. */
export const MAX_LATENCY_MS = 8;
const RECONNECT_MS = 20;
/** By then the guard has noticed that Redis can be reached. */
const RECOVERY_MS = 1_500;
/** Stores whose methods are commands. */
const STORES = ['entries', 'leases', 'tags', 'streams'] as const;
/** Commands of the lease after which Redis notifies waiters. */
const ENDS = new Set(['complete', 'completeFailed', 'fail', 'share', 'release']);

/** Some services on one backend, each as if it were in a process of its own with a connection of its own. */
export class StreamWorld {
  readonly time: VirtualTime;
  readonly nodes: readonly StreamNode[];
  readonly memory: MemoryBackend;

  constructor(count: number, seed: number) {
    this.time = new VirtualTime(seed);
    this.memory = new MemoryBackend({ maxBytes: 10_000_000, now: () => Date.now() });
    this.nodes = Array.from({ length: count }, (_, index) => new StreamNode(index, this));
  }

  /** Notifies all nodes but the one whose command caused it. */
  notify(from: StreamNode, event: CacheEvent): void {
    for (const node of this.nodes) if (node !== from) node.receive(event);
  }
}

/** A service with a place of its own, which can die, freeze, and lose its commands. */
export class StreamNode implements Place {
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

  constructor(
    readonly index: number,
    private readonly world: StreamWorld,
  ) {
    this.cache = world.time.at(this, () =>
      createRedisCache(
        { backend: 'memory', commandTimeoutMs: COMMAND_TIMEOUT_MS, getOrSet: { leaseMs: LEASE_MS } },
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
    return isDue || this.#isCut || this.world.time.now - this.#troubledAt < RECOVERY_MS;
  }

  receive(event: CacheEvent): void {
    if (this.#isCut || this.isDeaf) return;
    for (const listener of this.#listeners) this.world.time.deliver(this, () => listener(event));
  }

  /** From now on nothing reaches Redis. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#trouble();
    this.world.time.deliver(this, () => this.#link?.down(broken()));
  }

  restore(): void {
    if (!this.#isCut) return;
    this.#isCut = false;
    this.#trouble();
    this.world.time.deliver(this, () => this.#link?.up());
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
    const { memory } = this.world;
    const stores = Object.fromEntries(STORES.map((name) => [name, this.#wrap(memory[name], name)]));
    return {
      kind: 'redis',
      queue: memory.queue,
      counters: memory.counters,
      arrivals: memory.arrivals,
      ...(stores as unknown as Pick<Backend, (typeof STORES)[number]>),
      events: { listen: (listener) => void this.#listeners.push(listener), close: async () => {} },
      watch: (listener) => {
        this.#link = listener;
        listener.up();
      },
      ping: () => this.#send(() => memory.ping()),
      pingWrite: () => this.#send(() => memory.pingWrite()),
      reconnect: () => {},
      close: async () => {},
    };
  }

  #wrap<S extends object>(store: S, name: string): S {
    return new Proxy(store, {
      get: (target, method) => {
        const member = Reflect.get(target, method) as (...args: unknown[]) => Promise<unknown>;
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) =>
          this.#send(async () => {
            const result = await member.apply(target, args);
            if (name === 'leases' && ENDS.has(String(method)) && result === true) {
              this.world.notify(this, { type: 'ended', key: String(args[0]) });
            }
            if (name === 'streams' && method === 'append' && result === 'watched') {
              this.world.notify(this, { type: 'pieces', key: String(args[0]) });
            }
            return result;
          });
      },
    });
  }

  /** Commands of a connection are applied in their order; each takes a moment to get there, and its reply back. */
  #send<T>(apply: () => Promise<T>): Promise<T> {
    const { time } = this.world;
    const fault = this.#faultOfNext();
    if (fault !== undefined) this.#trouble();
    if (fault === 'dies' || fault === 'died') this.die();
    if (fault === 'freezes') this.freeze();
    if (fault === 'dies') return never();
    if (this.#isCut || fault === 'lost') return this.#reset(time.now);
    this.#appliedAt = Math.max(this.#appliedAt, time.now + time.random() * MAX_LATENCY_MS);
    if (fault === 'refused') return this.#reply(() => Promise.reject(new Refusal()));
    if (fault === 'silent' || fault === 'unconfirmed') {
      time.later(this.#appliedAt, () => void apply());
      return fault === 'silent' ? never() : this.#reset(this.#appliedAt);
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
    return new Promise((resolve, reject) => {
      const receive = (action: () => void): void => {
        this.#repliedAt = Math.max(this.#repliedAt, time.now + time.random() * MAX_LATENCY_MS);
        time.later(this.#repliedAt, () => time.deliver(this, action));
      };
      time.later(this.#appliedAt, () => {
        apply().then(
          (value) => receive(() => resolve(value)),
          (error: unknown) => receive(() => reject(error as Error)),
        );
      });
    });
  }

  /** The connection breaks, and is opened again a little later. */
  #reset<T>(at: number): Promise<T> {
    const { time } = this.world;
    return new Promise((_resolve, reject) => {
      time.later(at, () => {
        time.deliver(this, () => {
          reject(broken());
          this.#link?.down(broken());
        });
      });
      time.later(at + RECONNECT_MS, () => {
        if (!this.#isCut) time.deliver(this, () => this.#link?.up());
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
