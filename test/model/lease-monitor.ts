import type { VirtualTime } from './virtual-time.js';
import type { AppliedCommand } from './world-stores.js';

/** Commands that only the holder of the lease may carry out, with the token as their second argument. */
const OF_HOLDER = new Set(['renew', 'complete', 'completeFailed', 'put', 'fail', 'share', 'release']);

/**
 * Keeps its own account of who holds the lease of each key, from the commands and their replies alone, and reports
 * every reply that contradicts it: a second holder, or a command that a stale token carried out.
 */
export class LeaseMonitor {
  /** By key. */
  readonly #held = new Map<string, { token: string; until: number }>();

  constructor(
    private readonly time: VirtualTime,
    private readonly report: (violation: string) => void,
  ) {}

  /** Redis has lost its data. */
  forget(): void {
    this.#held.clear();
  }

  observe({ name, args, result }: AppliedCommand): void {
    const [store, method] = name.split('.') as [string, string];
    if (store === 'entries' && method === 'delete') {
      for (const key of args[0] as string[]) this.#held.delete(key);
    }
    if (name === 'entries.clearPage') this.forget();
    if (store !== 'leases') return;
    const [key, token] = args as [string, string];
    if (method === 'acquire') this.#acquired(key, token, args, result as { state: string });
    else if (OF_HOLDER.has(method) && result === true) this.#acted(method, key, token, args);
  }

  #acquired(key: string, token: string, args: readonly unknown[], { state }: { state: string }): void {
    if (state !== 'acquired') return;
    const holder = this.#holderOf(key);
    const { force } = args[3] as { force: boolean };
    if (holder !== undefined && !force) this.report(`${token} acquired ${key}, which ${holder} holds`);
    this.#hold(key, token, args[2] as number);
  }

  #acted(method: string, key: string, token: string, args: readonly unknown[]): void {
    if (this.#holderOf(key) !== token) this.report(`${method} of ${key} succeeded with a stale token`);
    if (method === 'renew') this.#hold(key, token, args[2] as number);
    else if (method !== 'put') this.#held.delete(key);
  }

  #hold(key: string, token: string, leaseMs: number): void {
    this.#held.set(key, { token, until: this.time.now + leaseMs });
  }

  #holderOf(key: string): string | undefined {
    const held = this.#held.get(key);
    return held !== undefined && held.until > this.time.now ? held.token : undefined;
  }
}
