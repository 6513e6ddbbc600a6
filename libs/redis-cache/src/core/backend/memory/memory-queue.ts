import type {
  DeadLetterPolicy,
  QueueContents,
  ReleaseResult,
  ReleaseSettings,
  Reservation,
} from '../queue-store.js';
import { Fifo } from './fifo.js';

/** A request as it lies in a queue. */
export interface Item {
  readonly number: number;
  readonly request: string;
  readonly queuedAt: number;
  deliveries: number;
}

interface Lease {
  readonly item: Item;
  /** Differs for each delivery. */
  readonly id: string;
  until: number;
}

/** A queue in this process. Its requests are new, leased or returned, as in Redis. */
export class MemoryQueue {
  #fresh = new Fifo<Item>();
  #returned: Item[] = [];
  readonly #leased = new Map<string, Lease>();
  #items = 0;
  #leases = 0;
  /** No lease ends before. */
  #soonest = Infinity;

  constructor(
    private readonly now: () => number,
    private readonly bury: (item: Item, reason: string, maxDeadLetters: number) => void,
  ) {}

  /** Answers whether nothing was new before. */
  push(request: string): boolean {
    this.#items += 1;
    this.#fresh.push({ number: this.#items, request, queuedAt: this.now(), deliveries: 0 });
    return this.#fresh.length === 1;
  }

  /** How many may be had, those whose lease is over included. */
  get waiting(): number {
    return this.#fresh.length + this.#returned.length + this.#expired().length;
  }

  shift(count: number, terms: DeadLetterPolicy): string[] {
    return this.#take(count, terms).map(({ request }) => request);
  }

  reserve(count: number, leaseMs: number, terms: DeadLetterPolicy): Reservation[] {
    return this.#take(count, terms).map((item) => {
      item.deliveries += 1;
      const id = this.#lease(item, leaseMs);
      return { id, request: item.request, deliveries: item.deliveries };
    });
  }

  acknowledge(id: string): boolean {
    return this.#leased.delete(id);
  }

  extend(id: string, leaseMs: number): boolean {
    const lease = this.#leased.get(id);
    if (lease) lease.until = this.#endIn(leaseMs);
    return lease !== undefined;
  }

  release(id: string, terms: ReleaseSettings): ReleaseResult {
    const lease = this.#leased.get(id);
    if (!lease) return 'lost';
    const { item } = lease;
    this.#leased.delete(id);
    if (terms.rejects || (terms.counts && item.deliveries >= terms.maxDeliveries)) {
      this.bury(item, terms.reason, terms.maxDeadLetters);
      return 'dead';
    }
    if (!terms.counts) item.deliveries -= 1;
    if (terms.delayMs > 0) this.#lease(item, terms.delayMs);
    else this.#returned = byAge([...this.#returned, item]);
    return 'released';
  }

  /** Counting goes on, so that no id of a request that is gone stands for a new one. */
  clear(): void {
    this.#fresh = new Fifo();
    this.#returned = [];
    this.#leased.clear();
  }

  contents(): Omit<QueueContents, 'dead'> {
    const expired = this.#expired();
    const oldest = [this.#fresh.first, this.#returned[0], expired[0]?.item].filter(
      (item) => item !== undefined,
    );
    return {
      waiting: this.waiting,
      reserved: this.#leased.size - expired.length,
      oldestAgeMs:
        oldest.length === 0 ? null : this.now() - Math.min(...oldest.map(({ queuedAt }) => queuedAt)),
    };
  }

  /** Takes out the oldest: what was returned, what ran out of its lease, what is new. */
  #take(count: number, terms: DeadLetterPolicy): Item[] {
    const back = this.#comeBack(this.#returned.splice(0), count, terms);
    this.#returned = back.left;
    const taken = back.taken;
    for (const { item, id } of this.#expired()) {
      if (taken.length === count) break;
      this.#leased.delete(id);
      if (this.#isAlive(item, terms)) taken.push(item);
    }
    while (taken.length < count && this.#fresh.length > 0) taken.push(this.#fresh.shift()!);
    return taken;
  }

  #comeBack(items: Item[], count: number, terms: DeadLetterPolicy): { taken: Item[]; left: Item[] } {
    const taken: Item[] = [];
    let at = 0;
    for (; at < items.length && taken.length < count; at += 1) {
      if (this.#isAlive(items[at]!, terms)) taken.push(items[at]!);
    }
    return { taken, left: items.slice(at) };
  }

  #isAlive(item: Item, { maxDeliveries, maxDeadLetters }: DeadLetterPolicy): boolean {
    if (item.deliveries < maxDeliveries) return true;
    this.bury(item, 'not acknowledged within its lease', maxDeadLetters);
    return false;
  }

  #lease(item: Item, leaseMs: number): string {
    this.#leases += 1;
    const id = `${item.number}:${this.#leases}`;
    this.#leased.set(id, { item, id, until: this.#endIn(leaseMs) });
    return id;
  }

  #endIn(leaseMs: number): number {
    const until = this.now() + leaseMs;
    this.#soonest = Math.min(this.#soonest, until);
    return until;
  }

  #expired(): Lease[] {
    const now = this.now();
    if (now < this.#soonest) return [];
    const leases = [...this.#leased.values()];
    this.#soonest = Math.min(...leases.map(({ until }) => until));
    const over = leases.filter(({ until }) => until <= now);
    return over.toSorted((one, other) => one.item.number - other.item.number);
  }
}

function byAge(items: Item[]): Item[] {
  return items.toSorted((one, other) => one.number - other.number);
}
