import { LEASED } from './queue-lua.js';

/** How often, at most, this process looks for ended leases where there are many; see `ALWAYS_SCANNED`. */
const SCAN_EVERY_MS = 100;
/** How long it holds that nothing has come back. As late, at most, does another process's release count. */
const CLEAR_FOR_MS = 5;
/** Leases of so many lengths have consumers of their own; these are never removed. */
const MAX_HOLDERS = 4;

/** What this process knows of a queue in Redis without asking. */
export class QueueOutlook {
  readonly #usualLeases = new Set<number>();
  #scannedAt = -SCAN_EVERY_MS;
  #clearAt = -CLEAR_FOR_MS;
  #returns = 0;

  /** The consumer that is to hold what is new for so long. */
  holderFor(leaseMs: number): string {
    if (this.#usualLeases.size < MAX_HOLDERS) this.#usualLeases.add(leaseMs);
    return this.#usualLeases.has(leaseMs) ? `${LEASED}:${leaseMs}` : LEASED;
  }

  /** `1` when it is time to look for ended leases, however many there are. */
  scans(): number {
    const now = performance.now();
    if (now - this.#scannedAt < SCAN_EVERY_MS) return 0;
    this.#scannedAt = now;
    return 1;
  }

  /** Whether all that can be had is new, by what was heard a moment ago. */
  get clear(): boolean {
    return performance.now() - this.#clearAt < CLEAR_FOR_MS;
  }

  /**
   * Before a question to the server; answers what to call when it says that all is new, and whether it has looked
   * for ended leases, however many there are.
   */
  asks(): (scanned: boolean) => void {
    const returns = this.#returns;
    return (scanned) => {
      // What this process gave back since may not have been there yet.
      if (returns !== this.#returns) return;
      this.#clearAt = performance.now();
      if (scanned) this.#scannedAt = this.#clearAt;
    };
  }

  /** This process gives something back, or makes a lease end sooner: what was heard before no longer holds. */
  expectsReturn(): void {
    this.#returns += 1;
    this.#clearAt = -CLEAR_FOR_MS;
  }
}
