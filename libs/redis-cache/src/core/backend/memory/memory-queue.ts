import type {
  DeadLetterPolicy,
  QueueContents,
  ReleaseResult,
  ReleaseSettings,
  Reservation,
} from '../queue-store.js';
import { Fifo } from './fifo.js';

/** A request with its history. */
export interface Item {
  /** Position in the order of arrival. */
  readonly number: number;
  readonly request: string;
  readonly bytes: number;
  readonly queuedAt: number;
  deliveries: number;
}

interface Lease {
  readonly item: Item;
  /** Differs for each delivery. */
  readonly id: string;
  expiresAt: number;
}

/** Receives a request that becomes a dead letter. */
type AddDeadLetter = (item: Item, reason: string, maxDeadLetters: number) => void;

/** A queue in the memory of this process. As in Redis, its requests are new, leased or returned. */
export class MemoryQueue {
  #new = new Fifo<Item>();
  /** Ordered by number. */
  #returned: Item[] = [];
  readonly #leased = new Map<string, Lease>();
  #lastItem = 0;
  #lastLease = 0;
  /** Of all requests, available or leased. */
  #bytes = 0;
  /** No lease expires earlier. */
  #nextExpiry = Infinity;

  constructor(
    private readonly now: () => number,
    private readonly addDeadLetter: AddDeadLetter,
  ) {}

  /** Returns `false`, and appends nothing, if the requests would take more than `maxBytes`. */
  push(request: string, maxBytes: number): boolean {
    const bytes = Buffer.byteLength(request);
    if (this.#bytes + bytes > maxBytes) return false;
    this.#lastItem += 1;
    this.#bytes += bytes;
    this.#new.push({ number: this.#lastItem, request, bytes, queuedAt: this.now(), deliveries: 0 });
    return true;
  }

  /** Whether all requests have been delivered before. */
  get hasNoNew(): boolean {
    return this.#new.length === 0;
  }

  /** How many requests are available, including those whose lease has expired. */
  get waiting(): number {
    return this.#new.length + this.#returned.length + this.#expired().length;
  }

  /** Whether there are requests, available or leased. */
  get isInUse(): boolean {
    return this.#new.length + this.#returned.length + this.#leased.size > 0;
  }

  shift(count: number, policy: DeadLetterPolicy): string[] {
    const taken = this.#take(count, policy);
    for (const { bytes } of taken) this.#bytes -= bytes;
    return taken.map(({ request }) => request);
  }

  reserve(count: number, leaseMs: number, policy: DeadLetterPolicy): Reservation[] {
    return this.#take(count, policy).map((item) => {
      item.deliveries += 1;
      const id = this.#lease(item, leaseMs);
      return { id, request: item.request, deliveries: item.deliveries };
    });
  }

  acknowledge(id: string): boolean {
    const lease = this.#leased.get(id);
    if (lease) this.#bytes -= lease.item.bytes;
    return this.#leased.delete(id);
  }

  extend(id: string, leaseMs: number): boolean {
    const lease = this.#leased.get(id);
    if (lease) lease.expiresAt = this.#expiryIn(leaseMs);
    return lease !== undefined;
  }

  release(id: string, settings: ReleaseSettings): ReleaseResult {
    const lease = this.#leased.get(id);
    if (!lease) return 'lost';
    const { item } = lease;
    this.#leased.delete(id);
    if (settings.rejects || (settings.counts && item.deliveries >= settings.maxDeliveries)) {
      this.#bury(item, settings.reason, settings.maxDeadLetters);
      return 'dead';
    }
    if (!settings.counts) item.deliveries -= 1;
    if (settings.delayMs > 0) this.#lease(item, settings.delayMs);
    else this.#returned = [...this.#returned, item].toSorted((one, other) => one.number - other.number);
    return 'released';
  }

  /** Numbers are not reused, so that no id of a removed request ever matches a new one. */
  clear(): void {
    this.#new = new Fifo();
    this.#returned = [];
    this.#leased.clear();
    this.#bytes = 0;
  }

  contents(): Omit<QueueContents, 'dead'> {
    const expired = this.#expired();
    const heads = [this.#new.first, this.#returned[0], expired[0]?.item].filter((item) => item !== undefined);
    const oldestAt = Math.min(...heads.map(({ queuedAt }) => queuedAt));
    return {
      waiting: this.waiting,
      reserved: this.#leased.size - expired.length,
      bytes: this.#bytes,
      oldestAgeMs: heads.length === 0 ? null : this.now() - oldestAt,
    };
  }

  /** Removes the next requests: first the returned ones, then those whose lease has expired, then the new ones. */
  #take(count: number, policy: DeadLetterPolicy): Item[] {
    const taken: Item[] = [];
    while (taken.length < count && this.#returned.length > 0) {
      const item = this.#returned.shift()!;
      if (this.#mayBeDelivered(item, policy)) taken.push(item);
    }
    for (const { item, id } of this.#expired()) {
      if (taken.length === count) break;
      this.#leased.delete(id);
      if (this.#mayBeDelivered(item, policy)) taken.push(item);
    }
    while (taken.length < count && this.#new.length > 0) taken.push(this.#new.shift()!);
    return taken;
  }

  /** Makes the request a dead letter if not. */
  #mayBeDelivered(item: Item, { maxDeliveries, maxDeadLetters }: DeadLetterPolicy): boolean {
    if (item.deliveries < maxDeliveries) return true;
    this.#bury(item, 'not acknowledged within its lease', maxDeadLetters);
    return false;
  }

  #bury(item: Item, reason: string, maxDeadLetters: number): void {
    this.#bytes -= item.bytes;
    this.addDeadLetter(item, reason, maxDeadLetters);
  }

  #lease(item: Item, leaseMs: number): string {
    this.#lastLease += 1;
    const id = `${item.number}:${this.#lastLease}`;
    this.#leased.set(id, { item, id, expiresAt: this.#expiryIn(leaseMs) });
    return id;
  }

  #expiryIn(leaseMs: number): number {
    const expiresAt = this.now() + leaseMs;
    this.#nextExpiry = Math.min(this.#nextExpiry, expiresAt);
    return expiresAt;
  }

  #expired(): Lease[] {
    const now = this.now();
    if (now < this.#nextExpiry) return [];
    const leases = [...this.#leased.values()];
    this.#nextExpiry = Math.min(...leases.map(({ expiresAt }) => expiresAt));
    const expired = leases.filter(({ expiresAt }) => expiresAt <= now);
    return expired.toSorted((one, other) => one.item.number - other.item.number);
  }
}
