import type { Backend } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import { HEADER_BYTES } from '../entry/entry-envelope.js';

/**
 * What became of ending a lease: done, done without storing anything because it was there already, too late because
 * it was lost, or Redis could not be asked.
 */
export type LeaseEnd = 'done' | 'there' | 'lost' | 'unavailable';

/** How often a lease is renewed while it runs. */
const RENEWALS_PER_LEASE = 3;

/** A lease that this process holds; renewed until it is ended. */
export class HeldLease {
  readonly #timer: NodeJS.Timeout;
  readonly #serverId: string | undefined;
  #put: Buffer | null = null;

  constructor(
    protected readonly backend: Pick<Backend, 'leases' | 'serverId'>,
    private readonly guard: Guard,
    protected readonly key: string,
    readonly token: string,
    leaseMs: number,
    /** Header of the entry over which the lease was granted. */
    private readonly over: Buffer | null = null,
  ) {
    const renew = (): void => void guard.run(() => backend.leases.renew(key, token, leaseMs), false);
    this.#serverId = backend.serverId;
    this.#timer = setInterval(renew, leaseMs / RENEWALS_PER_LEASE).unref();
  }

  /** The entry was stored by the lease's ticket, in this process: it need not be stored once more. */
  notePut(entry: Buffer): void {
    this.#put = entry;
  }

  complete(entry: Buffer, ttlMs: number): Promise<LeaseEnd> {
    if (this.#put !== null && haveSameContent(this.#put, entry)) return this.#leave();
    return this.end(() => this.backend.leases.complete(this.key, this.token, entry, ttlMs));
  }

  /** Stores a failure, unless a value came since the lease was granted. */
  completeFailed(failure: Buffer, ttlMs: number): Promise<LeaseEnd> {
    return this.end(() =>
      this.backend.leases.completeFailed(this.key, this.token, failure, ttlMs, this.over),
    );
  }

  fail(failure: string, keepMs: number): Promise<LeaseEnd> {
    return this.end(() => this.backend.leases.fail(this.key, this.token, failure, keepMs));
  }

  share(json: string, keepMs: number): Promise<LeaseEnd> {
    return this.end(() => this.backend.leases.share(this.key, this.token, json, keepMs));
  }

  release(): Promise<LeaseEnd> {
    return this.end(() => this.backend.leases.release(this.key, this.token));
  }

  async #leave(): Promise<LeaseEnd> {
    const end = await this.release();
    return end === 'done' ? 'there' : end;
  }

  protected stopRenewing(): void {
    clearInterval(this.#timer);
  }

  protected async end(end: () => Promise<boolean>): Promise<LeaseEnd> {
    this.stopRenewing();
    const ended = await this.guard.runWrite(end, null);
    if (ended === null) return 'unavailable';
    if (ended) return 'done';
    // On a server that was started anew a lease that is gone says nothing: it may have come back empty.
    return this.backend.serverId === this.#serverId ? 'lost' : 'unavailable';
  }
}

/** A lease that another process holds and this one renews as well; ending it is left to that one. */
export class AdoptedLease extends HeldLease {
  /** The same lease in the hands of the one who began, if that is this process. */
  origin: HeldLease | undefined;

  override async complete(entry: Buffer, ttlMs: number): Promise<LeaseEnd> {
    const end = await this.end(() => this.backend.leases.put(this.key, this.token, entry, ttlMs));
    if (end === 'done') this.origin?.notePut(entry);
    return end;
  }

  override completeFailed(): Promise<LeaseEnd> {
    return this.release();
  }

  override fail(): Promise<LeaseEnd> {
    return this.release();
  }

  override share(): Promise<LeaseEnd> {
    return this.release();
  }

  override async release(): Promise<LeaseEnd> {
    this.stopRenewing();
    return 'done';
  }
}

/** Whether two entries have the same value and tags, whenever each was made. */
function haveSameContent(one: Buffer, other: Buffer): boolean {
  return one.subarray(HEADER_BYTES).equals(other.subarray(HEADER_BYTES));
}
