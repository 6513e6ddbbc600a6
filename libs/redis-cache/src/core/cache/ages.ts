import type { EntryTimes } from '../entry/entry-envelope.js';

/** Age and remaining TTL, in seconds; `null` for plain JSON of another program, which tells nothing. */
export interface Ages {
  ageSeconds: number | null;
  ttlSeconds: number | null;
  /** What computing the value took, in milliseconds; `null` when unknown. */
  durationMs: number | null;
}

/** How old an entry is at `now`, in epoch milliseconds. Never below zero, though the clock of the machine that wrote it may be ahead. */
export function agesOf(times: EntryTimes | null, now: number): Ages {
  if (times === null) return { ageSeconds: null, ttlSeconds: null, durationMs: null };
  return {
    ageSeconds: Math.max(0, now - times.createdAt) / 1000,
    ttlSeconds: Math.max(0, times.expiresAt - now) / 1000,
    durationMs: Math.round(times.durationMs) || null,
  };
}

/** Whether such a part of the TTL has passed that an entry is to be computed anew ahead of its end. */
export function isDue({ createdAt, expiresAt }: EntryTimes, refreshAhead: number, now: number): boolean {
  return now >= createdAt + (expiresAt - createdAt) * refreshAhead;
}
