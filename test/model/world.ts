import { MemoryBackend } from '@redis-cache/core/backend/memory/memory-backend.js';
import type { CacheEvent } from '@redis-cache/core/backend/backend.js';
import { VirtualTime } from './virtual-time.js';
import { WorldNode } from './world-node.js';
import type { AppliedCommand } from './world-stores.js';

/** More than a scenario queues between two restarts. */
const MAX_REQUESTS = 1_000;

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
