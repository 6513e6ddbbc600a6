import type { RedisCacheCounters } from '../counters/counters.js';
import { deepFreeze } from '../util/json-value.js';
import type { EntryTimes } from '../entry/entry-envelope.js';
import type { NearEntry } from '../near/near-cache.js';
import type { CacheOperation } from '../telemetry/operation.js';
import type { Found, Reading } from './entry-reader.js';
import type { Computed } from './result-keeper.js';
import type { Settings } from './settings.js';

/**
 * - `hit`: a stored value within its TTL
 * - `miss`: this call computed it
 * - `stale`: a stored value past its TTL, because the factory failed or is slow
 * - `collapsed`: another call computed it, in this process or another
 * - `bypass`: computed here, because Redis is unavailable
 */
export type CacheResultStatus = 'hit' | 'miss' | 'stale' | 'collapsed' | 'bypass';

/** Age and remaining TTL of a value. */
export interface Ages {
  /** Seconds since the value was computed; `null` when unknown (plain JSON of another program). */
  readonly ageSeconds: number | null;
  /** Seconds until its TTL ends, 0 when stale; `null` when unknown. */
  readonly ttlSeconds: number | null;
  /** Milliseconds that the factory took; `null` when unknown. */
  readonly durationMs: number | null;
}

/** A value and where it came from. */
export interface CacheResult<T> extends Ages {
  readonly value: T;
  readonly status: CacheResultStatus;
  /** `near`: the copy in this process; `redis`: the backend; `factory`: computed just now. */
  readonly source: 'near' | 'redis' | 'factory';
  readonly key: string;
  /** Whether this call, or the one that it joined, stored the value. */
  readonly stored: boolean;
}

/**
 * A result; `outdated` for callers that joined after the key was invalidated, `unverified` for those that joined when
 * Redis was back, if it was computed without knowing the versions of its tags; `elsewhere` if it was read from Redis
 * after another process had computed it; `leader` is the operation that computed it in this process, while operations
 * are observed.
 */
export type LookUpResult = CacheResult<unknown> & {
  outdated?: true;
  unverified?: true;
  elsewhere?: true;
  leader?: CacheOperation | undefined;
};

const UNKNOWN_AGES: Ages = Object.freeze({ ageSeconds: null, ttlSeconds: null, durationMs: null });

/** Ages at `now`, in epoch milliseconds. Never negative, though the clock of the writing machine may be ahead. */
export function agesOf(times: EntryTimes | null, now: number): Ages {
  if (times === null) return UNKNOWN_AGES;
  return {
    ageSeconds: Math.max(0, now - times.createdAt) / 1000,
    ttlSeconds: Math.max(0, times.expiresAt - now) / 1000,
    durationMs: Math.round(times.durationMs) || null,
  };
}

/** Whether the fraction `refreshAhead` of an entry's TTL has passed. */
export function isDue({ createdAt, expiresAt }: EntryTimes, refreshAhead: number, now: number): boolean {
  return now >= createdAt + (expiresAt - createdAt) * refreshAhead;
}

/** Whether a hit starts a refresh. */
export function isDueForRefresh(
  { entry }: Found,
  { refreshAhead, writes }: Pick<Settings, 'refreshAhead' | 'writes'>,
  now: number,
): boolean {
  return (
    writes && refreshAhead !== undefined && entry.times !== null && isDue(entry.times, refreshAhead, now)
  );
}

/** Counts a call of `getOrSet` or `getOrStream` by its status. */
export function countStatus(counters: RedisCacheCounters, status: CacheResultStatus): void {
  if (status === 'hit') counters.hits += 1;
  else if (status === 'stale') counters.stale += 1;
  else if (status === 'collapsed') counters.collapsed += 1;
  else counters.misses += 1;
}

export function nearResult<T>(key: string, { value, times }: NearEntry, now: number): CacheResult<T> {
  return { value: value as T, status: 'hit', source: 'near', ...agesOf(times, now), key, stored: true };
}

export function storedResult(
  key: string,
  { entry }: Found,
  status: 'hit' | 'stale',
  now: number,
): CacheResult<unknown> {
  const value = deepFreeze(entry.value);
  return { value, status, source: 'redis', ...agesOf(entry.times, now), key, stored: true };
}

export function computedResult(key: string, computed: Computed, reading: Reading, now: number): LookUpResult {
  const { value, elsewhere, stored, outdated, unverified } = computed;
  const own = reading.state === 'unavailable' ? 'bypass' : 'miss';
  return {
    value: deepFreeze(value),
    status: elsewhere ? 'collapsed' : own,
    source: 'factory',
    ...agesOf(computed.times, now),
    key,
    stored,
    ...(outdated && { outdated }),
    ...(unverified && { unverified }),
    ...(elsewhere && stored && { elsewhere }),
  };
}
