import type { Backend } from '../backend/backend.js';
import type { CacheLogger } from '../util/cache-logger.js';
import type { Guard } from './guard.js';

/** Policies that evict any key; the `volatile-` ones evict only keys with an expiry. */
const EVICTS_ANY_KEY = /^allkeys-/;

/**
 * Warns of a server that may evict what no computation brings back: queued requests, dead letters and shared
 * counters, which have no expiry.
 */
export class EvictionWatch {
  #policy: string | undefined;
  #isInUse = false;
  #looking: Promise<void> | undefined;

  constructor(
    private readonly backend: Backend,
    private readonly guard: Pick<Guard, 'serving'>,
    private readonly logger: CacheLogger,
  ) {}

  /** To be called after a use of the queue or of a tally. Queries the server once, unless its policy is known. */
  noteUse(): void {
    this.#isInUse = true;
    if (this.#policy === undefined && this.guard.serving) void this.#look();
  }

  /** What an operator should fix, as of now if the server can be reached; empty while nothing lasting is in use. */
  async warnings(): Promise<string[]> {
    if (!this.#isInUse) return [];
    if (this.guard.serving) await this.#look();
    return this.#policy !== undefined && EVICTS_ANY_KEY.test(this.#policy) ? [mayEvict(this.#policy)] : [];
  }

  #look(): Promise<void> {
    this.#looking ??= this.#query().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #query(): Promise<void> {
    // A connection that is lost meanwhile changes nothing: the next call queries again.
    const policy = await this.backend.evictionPolicy?.().catch(() => undefined);
    if (policy === undefined || policy === this.#policy) return;
    this.#policy = policy;
    if (EVICTS_ANY_KEY.test(policy)) this.logger.warn(mayEvict(policy));
  }
}

function mayEvict(policy: string): string {
  return (
    `The cache's Redis may evict queued requests, dead letters and shared counters: its maxmemory-policy is ${policy}. ` +
    'Set it to volatile-lru, which evicts cached entries only, or to noeviction'
  );
}
