import type { MemoryEntryStore } from './memory-entry-store.js';
import type { LeaseAdoption, LeaseAttempt, LeaseOutcome, LeaseRequest, LeaseStore } from '../backend.js';

const HEADER_BYTES = 26;
/** With fewer leases, a search for expired ones is not worthwhile. */
const MIN_SWEEP_SIZE = 1_024;

interface Lease {
  state: 'held' | 'failed' | 'value';
  token: string;
  left: string;
  until: number;
}

/**
 * Leases in this process, with the same results as those in Redis. Nothing is awaited between a check and the
 * change that depends on it: each method is one step, like a script in Redis.
 */
export class MemoryLeaseStore implements LeaseStore {
  readonly #leases = new Map<string, Lease>();
  #sweepAt = MIN_SWEEP_SIZE;

  constructor(
    private readonly entries: MemoryEntryStore,
    private readonly now: () => number,
  ) {}

  get size(): number {
    return this.#leases.size;
  }

  async acquire(key: string, token: string, leaseMs: number, request: LeaseRequest): Promise<LeaseAttempt> {
    const lease = this.#find(key);
    if (lease?.state === 'held' && !request.force) return { state: 'held', holder: lease.token };
    if (lease?.state === 'failed' && request.hasStale) return { state: 'failed', failure: lease.left };
    const changed = request.force ? null : this.#changed(key, request.seen);
    if (changed) return { state: 'entry', bytes: changed };
    this.#put(key, token, 'held', '', leaseMs);
    return { state: 'acquired' };
  }

  async peek(key: string, holder: string, seen: Buffer | null): Promise<LeaseOutcome> {
    const changed = this.#changed(key, seen);
    if (changed) return { state: 'entry', bytes: changed };
    const lease = this.#find(key);
    if (lease?.state === 'held') return { state: 'held', holder: lease.token };
    if (!lease || lease.token !== holder) return { state: 'gone' };
    return lease.state === 'failed'
      ? { state: 'failed', failure: lease.left }
      : { state: 'value', json: lease.left };
  }

  async renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    return this.extend(key, token, leaseMs);
  }

  /** `renew` within another step. */
  extend(key: string, token: string, leaseMs: number): boolean {
    return this.#ifHeld(key, token, () => this.#put(key, token, 'held', '', leaseMs));
  }

  async complete(key: string, token: string, entry: Buffer, ttlMs: number): Promise<boolean> {
    if (!this.#ifHeld(key, token, () => this.#leases.delete(key))) return false;
    await this.entries.set(key, entry, ttlMs);
    return true;
  }

  async completeFailed(
    key: string,
    token: string,
    failure: Buffer,
    ttlMs: number,
    seen: Buffer | null,
  ): Promise<boolean> {
    if (!this.#ifHeld(key, token, () => this.#leases.delete(key))) return false;
    if (!this.#changed(key, seen)) await this.entries.set(key, failure, ttlMs);
    return true;
  }

  async adopt(key: string, token: string | null, next: string, leaseMs: number): Promise<LeaseAdoption> {
    const lease = this.#find(key);
    if (lease?.state === 'held' && lease.token !== token) return 'held';
    const adopted = lease?.state === 'held';
    this.#put(key, adopted ? lease.token : next, 'held', '', leaseMs);
    return adopted ? 'adopted' : 'taken';
  }

  async put(key: string, token: string, entry: Buffer, ttlMs: number): Promise<boolean> {
    if (!this.#ifHeld(key, token, () => {})) return false;
    await this.entries.set(key, entry, ttlMs);
    return true;
  }

  async fail(key: string, token: string, failure: string, keepMs: number): Promise<boolean> {
    return this.#ifHeld(key, token, () => this.#put(key, token, 'failed', failure, keepMs));
  }

  async share(key: string, token: string, json: string, keepMs: number): Promise<boolean> {
    return this.#ifHeld(key, token, () => this.#put(key, token, 'value', json, keepMs));
  }

  async release(key: string, token: string): Promise<boolean> {
    return this.#ifHeld(key, token, () => this.#leases.delete(key));
  }

  /** Ends the lease of the key, or all leases: a running computation can no longer store its result. */
  revoke(key?: string): void {
    if (key === undefined) this.#leases.clear();
    else this.#leases.delete(key);
  }

  #find(key: string): Lease | undefined {
    const lease = this.#leases.get(key);
    if (lease && lease.until <= this.now()) {
      this.#leases.delete(key);
      return undefined;
    }
    return lease;
  }

  #put(key: string, token: string, state: Lease['state'], left: string, ms: number): void {
    this.#leases.set(key, { state, token, left, until: this.now() + ms });
    if (this.#leases.size >= this.#sweepAt) this.#sweep();
  }

  // The next sweep comes when the number has doubled, so that the cost per lease stays negligible.
  #sweep(): void {
    for (const key of this.#leases.keys()) this.#find(key);
    this.#sweepAt = Math.max(MIN_SWEEP_SIZE, 2 * this.#leases.size);
  }

  #ifHeld(key: string, token: string, action: () => unknown): boolean {
    const lease = this.#find(key);
    if (lease?.state !== 'held' || lease.token !== token) return false;
    action();
    return true;
  }

  #changed(key: string, seen: Buffer | null): Buffer | null {
    const bytes = this.entries.find(key);
    if (bytes === null) return null;
    return seen?.equals(bytes.subarray(0, HEADER_BYTES)) ? null : bytes;
  }
}
