import { expect } from '@jest/globals';
import type { Reservation } from '@redis-cache/core/backend/queue-store.js';
import { TryLaterError } from '@redis-cache/core/errors/errors.js';
import type { ReservedRequest } from '@redis-cache/core/queue/reservations.js';
import { LEASE_MS, type WorldNode } from './world-node.js';
import type { AppliedCommand } from './world-stores.js';
import { World } from './world.js';

/**
 * This long after the last fault every request has been handled: a consumer whose handler failed all the time pauses for
 * 30 s, and a probe whose reply is lost is given up after 5 s.
 */
const SETTLE_MS = 40_000;
const CONCURRENCY = 2;

/** A request that was sent to the queue; its data is its number. */
interface Item {
  number: number;
  /** Whether `queueRequest` returned `true`. */
  isConfirmed: boolean;
  /** Redis has lost its data since it was queued. */
  isLost: boolean;
  /** Redis has removed it because it was acknowledged. */
  isRemoved: boolean;
  /** By whom it was handled to the end, and not failed. */
  handledBy: Set<WorldNode>;
}

/** A reservation that nobody has ended, in the account of the model. */
interface Delivery {
  item: Item;
  node: WorldNode;
  since: number;
  until: number;
}

/** A call of a handler. */
interface Handling {
  item: Item;
  node: WorldNode;
  state: 'open' | 'done' | 'failed' | 'later';
  settle(): void;
}

/** A queue with a consumer in each process, and the specification of what happens to its requests. */
export class QueueScenario {
  readonly world: World;
  readonly items: Item[] = [];
  readonly handlings: Handling[] = [];
  /** By id. */
  readonly #deliveries = new Map<string, Delivery>();
  readonly #violations: string[] = [];

  constructor(nodes: number, seed: number) {
    this.world = new World(nodes, seed);
    this.world.observe((command) => this.#observe(command));
    for (const node of this.world.nodes) this.world.time.at(node, () => this.#consume(node));
  }

  get open(): Handling[] {
    return this.handlings.filter(({ state, node }) => state === 'open' && node.state !== 'dead');
  }

  push(node: WorldNode): void {
    const number = this.items.length;
    const item = {
      number,
      isConfirmed: false,
      isLost: false,
      isRemoved: false,
      handledBy: new Set<WorldNode>(),
    };
    this.items.push(item);
    void this.world.time.at(node, async () => {
      item.isConfirmed = await node.cache.queueRequest(number);
    });
  }

  finish(handling: Handling, how: 'done' | 'failed' | 'later'): void {
    handling.state = how;
    handling.settle();
  }

  restart(how: 'empty' | 'with data'): void {
    this.world.restart(how);
    if (how === 'with data') return;
    this.#deliveries.clear();
    for (const item of this.items) item.isLost = true;
  }

  /** Ends all faults and lets all handlers succeed, after which nothing may be left. */
  async settle(): Promise<void> {
    const { time, nodes } = this.world;
    this.world.heal();
    const end = time.now + SETTLE_MS;
    do {
      for (const handling of this.open) this.finish(handling, 'done');
      await time.advance(LEASE_MS / 2);
    } while (!(await this.#isEmpty()) && time.now < end);
    if (nodes.some(({ state }) => state !== 'dead')) await this.#checkEmpty();
    this.check();
  }

  check(): void {
    expect(this.#violations).toEqual([]);
  }

  async close(): Promise<void> {
    await this.world.close();
  }

  #consume(node: WorldNode): void {
    const queue = node.cache.queue();
    const handler = ({ data }: ReservedRequest<number>): Promise<void> =>
      this.#handle(node, this.items[data]!);
    const leaseSeconds = LEASE_MS / 1_000;
    queue.createConsumer({ handler, concurrency: CONCURRENCY, leaseSeconds, retryDelayMs: 20 }).start();
  }

  #handle(node: WorldNode, item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      const outcome = (): void => {
        if (handling.state === 'failed') return reject(new Error(`failure of ${item.number}`));
        if (handling.state === 'later') return reject(new TryLaterError(10));
        item.handledBy.add(node);
        resolve();
      };
      const handling: Handling = {
        item,
        node,
        state: 'open',
        settle: () => this.world.time.deliver(node, outcome),
      };
      this.handlings.push(handling);
    });
  }

  #observe({ node, name, args, result }: AppliedCommand): void {
    if (name === 'queue.reserve') this.#reserved(node, args[2] as number, result as Reservation[]);
    if (name === 'queue.release' && result !== 'lost') this.#ended(args[1] as string, 'released');
    if (name === 'queue.acknowledge') this.#acknowledged(node, args[1] as string[], result as boolean[]);
    if (name === 'queue.extend') this.#extended(args[1] as string[], args[2] as number, result as boolean[]);
  }

  #reserved(node: WorldNode, leaseMs: number, reservations: readonly Reservation[]): void {
    for (const { id, request } of reservations) {
      const item = this.items[Number(request)]!;
      if (item.isRemoved) this.#violate(`${item.number} was delivered after it had been acknowledged`);
      this.#endFormer(item);
      const since = this.world.time.now;
      this.#deliveries.set(id, { item, node, since, until: since + leaseMs });
    }
  }

  /**
   * Another delivery needs the end of the former lease, which a consumer that had no trouble since does not let run out. The
   * trouble may be long over: the request waits for the next consumer that reserves.
   */
  #endFormer(item: Item): void {
    for (const [id, delivery] of this.#deliveries) {
      if (delivery.item !== item) continue;
      this.#deliveries.delete(id);
      if (delivery.until > this.world.time.now) {
        this.#violate(`${item.number} was delivered again within its lease`);
      } else if (isUntroubled(delivery)) {
        this.#violate(`the lease of ${item.number} ran out at a consumer without trouble`);
      }
    }
  }

  #acknowledged(node: WorldNode, ids: readonly string[], flags: readonly boolean[]): void {
    for (const [index, id] of ids.entries()) {
      if (!flags[index]) continue;
      const item = this.#ended(id, 'acknowledged');
      if (item === undefined) continue;
      item.isRemoved = true;
      if (!item.handledBy.has(node)) this.#violate(`${item.number} was acknowledged before it was handled`);
    }
  }

  #extended(ids: readonly string[], leaseMs: number, flags: readonly boolean[]): void {
    for (const [index, id] of ids.entries()) {
      const delivery = this.#deliveries.get(id);
      if (delivery !== undefined && flags[index]) delivery.until = this.world.time.now + leaseMs;
      if (delivery === undefined && flags[index]) this.#violate(`the stale delivery ${id} was extended`);
    }
  }

  #ended(id: string, how: string): Item | undefined {
    const delivery = this.#deliveries.get(id);
    this.#deliveries.delete(id);
    if (delivery === undefined) this.#violate(`the stale delivery ${id} was ${how}`);
    return delivery?.item;
  }

  async #isEmpty(): Promise<boolean> {
    const { waiting, reserved } = await this.world.memory.queue.contents('requests');
    return waiting + reserved === 0;
  }

  async #checkEmpty(): Promise<void> {
    const { waiting, reserved, bytes } = await this.world.memory.queue.contents('requests');
    if (bytes > 0) this.#violate(`${bytes} bytes are counted at the end`);
    if (waiting + reserved > 0)
      this.#violate(`${waiting} requests wait and ${reserved} are reserved at the end`);
    for (const { number, isConfirmed, isLost, isRemoved, handledBy } of this.items) {
      if (isConfirmed && !isLost && !isRemoved) this.#violate(`${number} was queued and is gone`);
      if (isRemoved && handledBy.size === 0) this.#violate(`${number} was never handled`);
    }
  }

  #violate(violation: string): void {
    this.#violations.push(violation);
  }
}

function isUntroubled({ node, since }: Delivery): boolean {
  return node.state === 'running' && !node.isTroubled && !node.wasTroubledSince(since);
}
