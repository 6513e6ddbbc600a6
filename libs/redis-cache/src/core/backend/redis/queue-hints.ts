import { LEASED } from './queue-lua.js';

/** How often, at most, this process scans a queue with many reserved requests; see `ALWAYS_SCANNED`. */
const SCAN_INTERVAL_MS = 100;
/** How long a reply that nothing has come back is trusted. A release by another process may be noticed this late. */
const TRUSTED_FOR_MS = 5;
/** This many lease lengths get a consumer of their own in the group; these consumers are never removed. */
const MAX_LEASE_CONSUMERS = 4;

/** What this process knows about a queue in Redis without a round trip. Wrong hints cost time, never requests. */
export class QueueHints {
  readonly #usualLeases = new Set<number>();
  #scannedAt = -SCAN_INTERVAL_MS;
  #onlyNewAt = -TRUSTED_FOR_MS;
  #returns = 0;

  /** The consumer in the group that receives new requests with this lease. */
  consumerFor(leaseMs: number): string {
    if (this.#usualLeases.size < MAX_LEASE_CONSUMERS) this.#usualLeases.add(leaseMs);
    return this.#usualLeases.has(leaseMs) ? `${LEASED}:${leaseMs}` : LEASED;
  }

  /** 1 when a scan for expired leases is due, however many requests are reserved; 0 otherwise. */
  scanIfDue(): 0 | 1 {
    const now = performance.now();
    if (now - this.#scannedAt < SCAN_INTERVAL_MS) return 0;
    this.#scannedAt = now;
    return 1;
  }

  /** Whether a recent reply said that no request has come back, so that all available ones are new. */
  get hasOnlyNew(): boolean {
    return performance.now() - this.#onlyNewAt < TRUSTED_FOR_MS;
  }

  /**
   * Called before a command that reports whether only new requests are available. Returns the function to call if so;
   * `scanned` says whether the command has scanned for expired leases, however many requests are reserved.
   */
  beforeQuery(): (scanned: boolean) => void {
    const returns = this.#returns;
    return (scanned) => {
      // Redis may have answered before it received what this process has released since.
      if (returns !== this.#returns) return;
      this.#onlyNewAt = performance.now();
      if (scanned) this.#scannedAt = this.#onlyNewAt;
    };
  }

  /** This process releases a request or shortens a lease, so earlier replies no longer hold. */
  expectReturn(): void {
    this.#returns += 1;
    this.#onlyNewAt = -TRUSTED_FOR_MS;
  }
}
