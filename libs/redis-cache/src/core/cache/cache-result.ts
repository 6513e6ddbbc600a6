import type { ComputationTicket } from './computation-ticket.js';

/**
 * - `hit`: a stored value within its TTL
 * - `miss`: this call computed it
 * - `stale`: a stored value past its TTL, because the factory failed or is slow
 * - `collapsed`: another call computed it, here or in another process
 * - `bypass`: computed here, because Redis could not be asked
 */
export type CacheResultStatus = 'hit' | 'miss' | 'stale' | 'collapsed' | 'bypass';

/** A value, and how it was come by. */
export interface CacheResult<T> {
  readonly value: T;
  readonly status: CacheResultStatus;
  /** `near`: this process's own copy; `redis`: the store; `factory`: computed just now. */
  readonly source: 'near' | 'redis' | 'factory';
  /** Since it was computed; `null` when unknown (plain JSON of another program). */
  readonly ageSeconds: number | null;
  /** Until its TTL ends, 0 when stale; `null` when unknown. */
  readonly ttlSeconds: number | null;
  /** What the factory took, in milliseconds; `null` when unknown. */
  readonly durationMs: number | null;
  readonly key: string;
  /** Whether this call or the one it joined stored the value. */
  readonly stored: boolean;
}

/** What a factory is given. */
export interface FactoryContext {
  /** Aborts when the last caller has left, and at `hardTimeoutMs`. */
  readonly signal: AbortSignal;
  /** The value past its TTL that would be served if the factory failed, if there is one; else `undefined`. */
  readonly stale: unknown;
  /**
   * The right to store this computation's value, to be handed to a process that does the work, which stores
   * the value by `RedisCacheService.resume`. Plain JSON. `null` when this computation has no lease, so that
   * there is nothing to hand on: Redis is away, `no-store`, or another process has the lease and
   * `crossProcess` is `false`.
   */
  readonly ticket: ComputationTicket | null;
}

/** Computes a value. */
export type Factory<T> = (context: FactoryContext) => T | Promise<T>;
