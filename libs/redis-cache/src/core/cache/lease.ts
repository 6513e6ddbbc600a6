import type { Backend } from '../backend/backend.js';
import { HEADER_BYTES } from '../entry/entry-envelope.js';
import type { Guard } from '../guard/guard.js';

/**
 * How ending a lease went.
 * - `done`: ended, and what was to be stored is stored
 * - `there`: ended, and an entry with the same value had been stored already
 * - `lost`: too late, the lease was lost, and nothing was stored
 * - `unavailable`: Redis has not confirmed it
 */
export type LeaseEnd = 'done' | 'there' | 'lost' | 'unavailable';

/** A lease, and what this process may do with it. */
export interface LeaseTerms {
  key: string;
  token: string;
  leaseMs: number;
  /** Header of the entry that was stored when the lease was granted; `null` without one. */
  over?: Buffer | null;
  /**
   * Set for a lease that was adopted by a ticket: this process renews it and stores the value, and leaves ending it to
   * the leader. `leader` is the leader's lease if that is in this process.
   */
  adopted?: { leader: Lease | undefined };
}

/** How often a lease is renewed within its time. */
export const RENEWALS_PER_LEASE = 3;

/** A lease on the computation of a key. It is renewed until it is ended. */
export class Lease {
  readonly #timer: NodeJS.Timeout;
  readonly #serverId: string | undefined;
  /** What a ticket of this lease has stored in this process. */
  #stored: Buffer | null = null;

  constructor(
    private readonly backend: Pick<Backend, 'leases' | 'serverId'>,
    private readonly guard: Guard,
    private readonly terms: LeaseTerms,
  ) {
    const { key, token, leaseMs } = terms;
    const renew = (): void => void guard.run(() => backend.leases.renew(key, token, leaseMs), false);
    this.#serverId = backend.serverId;
    this.#timer = setInterval(renew, leaseMs / RENEWALS_PER_LEASE).unref();
  }

  get token(): string {
    return this.terms.token;
  }

  /** Stores the value. An adopted lease goes on; any other ends. `since`: when the operation began; see `Guard`. */
  async complete(entry: Buffer, ttlMs: number, since?: number): Promise<LeaseEnd> {
    const { key, token, adopted } = this.terms;
    const { leases } = this.backend;
    if (adopted === undefined) {
      if (this.#stored !== null && haveSameContent(this.#stored, entry)) return this.#leaveStored(since);
      return this.#end(() => leases.complete(key, token, entry, ttlMs), since);
    }
    const end = await this.#end(() => leases.put(key, token, entry, ttlMs), since);
    if (end === 'done' && adopted.leader) adopted.leader.#stored = entry;
    return end;
  }

  /** Stores a failure instead of a value, unless a value was stored since the lease was granted. */
  completeFailed(failure: Buffer, ttlMs: number): Promise<LeaseEnd> {
    const { key, token, over = null } = this.terms;
    return this.#endOwn(() => this.backend.leases.completeFailed(key, token, failure, ttlMs, over));
  }

  /** Reports a failure to the waiters, for `keepMs`. */
  fail(failure: string, keepMs: number): Promise<LeaseEnd> {
    const { key, token } = this.terms;
    return this.#endOwn(() => this.backend.leases.fail(key, token, failure, keepMs));
  }

  /** Passes a value that is not stored to the waiters, for `keepMs`. */
  share(json: string, keepMs: number, since?: number): Promise<LeaseEnd> {
    const { key, token } = this.terms;
    return this.#endOwn(() => this.backend.leases.share(key, token, json, keepMs), since);
  }

  /** Ends the lease without an outcome, so that a waiter takes over. */
  release(since?: number): Promise<LeaseEnd> {
    const { key, token } = this.terms;
    return this.#endOwn(() => this.backend.leases.release(key, token), since);
  }

  async #leaveStored(since?: number): Promise<LeaseEnd> {
    const end = await this.release(since);
    return end === 'done' ? 'there' : end;
  }

  /** The leader ends an adopted lease. */
  async #endOwn(send: () => Promise<boolean>, since?: number): Promise<LeaseEnd> {
    if (this.terms.adopted === undefined) return this.#end(send, since);
    clearInterval(this.#timer);
    return 'done';
  }

  async #end(send: () => Promise<boolean>, since?: number): Promise<LeaseEnd> {
    clearInterval(this.#timer);
    const ended = await this.guard.runWrite(send, null, since);
    if (ended === null) return 'unavailable';
    if (ended) return 'done';
    // A restarted server may have come back empty: that the lease is gone does not mean that it was taken.
    if (this.backend.serverId !== this.#serverId) return 'unavailable';
    this.guard.states.publish('lease-lost');
    return 'lost';
  }
}

/** Whether two entries have the same value and tags, whenever each was created. */
function haveSameContent(one: Buffer, other: Buffer): boolean {
  return one.subarray(HEADER_BYTES).equals(other.subarray(HEADER_BYTES));
}
