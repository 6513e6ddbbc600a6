import type { PoolStats } from '../contract/task.js';

/** What Redis tells of the queue. */
export interface QueueStats {
  pending: number;
  /** Tasks that a worker holds, those that have ended while their executor goes on included. */
  held: number;
  /** Tasks that the living workers can run at once. */
  capacity: number;
  workers: number;
  /** Milliseconds. */
  oldestWaitMs: number;
  /** `maxmemory-policy` of the server; empty when it does not tell. */
  evictionPolicy: string;
  lingering: number;
  meanServiceMs: number | null;
  counts: Pick<PoolStats, 'completed' | 'failed' | 'timedOut' | 'killed' | 'rejected'>;
}

type Reply = [number, number, number, number, number, number, string, string[]];

export function toQueueStats(reply: unknown): QueueStats {
  const [pending, held, capacity, workers, oldest, now, evictionPolicy, flat] = reply as Reply;
  const tallies = pairs(flat);
  const count = (name: string): number => Number(tallies[name] ?? 0);
  return {
    pending,
    held,
    capacity,
    workers,
    oldestWaitMs: oldest === 0 ? 0 : Math.max(0, now - oldest),
    evictionPolicy,
    lingering: Math.min(held, count('lingering')),
    meanServiceMs: tallies['meanMs'] === undefined ? null : Number(tallies['meanMs']),
    counts: {
      completed: count('completed'),
      failed: count('failed'),
      timedOut: count('timedOut'),
      killed: count('killed'),
      rejected: count('rejected'),
    },
  };
}

function pairs(flat: string[]): Record<string, string | undefined> {
  const entries = flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]]] : []));
  return Object.fromEntries(entries) as Record<string, string | undefined>;
}
