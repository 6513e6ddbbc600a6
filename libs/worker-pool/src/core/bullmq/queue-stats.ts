import type { PoolHealth, PoolStats } from '../contract/task.js';
import type { ResolvedBullmqOptions } from '../options/pool-options.js';
import { estimateWaitMs } from '../tasks/service-times.js';

/** Gauges and counters of the queue. */
export interface QueueStats {
  pending: number;
  /** Tasks that workers have claimed, including ended ones whose executor is still running. */
  held: number;
  /** Number of tasks that the living workers can run at once. */
  capacity: number;
  workers: number;
  /** Milliseconds. */
  oldestWaitMs: number;
  /** `maxmemory-policy` of the server; empty when the server does not report it. */
  evictionPolicy: string;
  lingering: number;
  meanServiceMs: number | null;
  counts: Pick<PoolStats, 'completed' | 'failed' | 'timedOut' | 'killed' | 'rejected'>;
}

type Reply = [number, number, number, number, number, number, string, string[]];

/** Reads the reply of the script `readStats`. */
export function toQueueStats(reply: unknown): QueueStats {
  const [pending, held, capacity, workers, oldest, now, evictionPolicy, flat] = reply as Reply;
  const counters = pairs(flat);
  const count = (name: string): number => Number(counters[name] ?? 0);
  return {
    pending,
    held,
    capacity,
    workers,
    oldestWaitMs: oldest === 0 ? 0 : Math.max(0, now - oldest),
    evictionPolicy,
    lingering: Math.min(held, count('lingering')),
    meanServiceMs: counters['meanMs'] === undefined ? null : Number(counters['meanMs']),
    counts: {
      completed: count('completed'),
      failed: count('failed'),
      timedOut: count('timedOut'),
      killed: count('killed'),
      rejected: count('rejected'),
    },
  };
}

export function toPoolStats(stats: QueueStats, { maxBacklog }: ResolvedBullmqOptions): PoolStats {
  const { pending, held, capacity, lingering, oldestWaitMs, meanServiceMs, counts } = stats;
  const isFree = pending + held < capacity;
  return {
    concurrency: capacity,
    maxBacklog,
    running: held - lingering,
    pending,
    lingering,
    oldestWaitMs,
    meanServiceMs,
    retryAfterMs: isFree ? 0 : estimateWaitMs(meanServiceMs, pending, Math.max(1, capacity)),
    ...counts,
  };
}

const NO_WORKER = 'No worker is alive: tasks wait.';
const UNAVAILABLE = 'The queue is unavailable.';
const mayEvict = (policy: string): string =>
  `The queue's Redis may evict tasks: its maxmemory-policy is ${policy}, but a queue needs noeviction.`;

export function toHealth(stats: QueueStats): PoolHealth {
  const { workers, pending, oldestWaitMs, evictionPolicy } = stats;
  const isUnsafe = evictionPolicy !== '' && evictionPolicy !== 'noeviction';
  return {
    status: workers > 0 ? 'up' : 'degraded',
    driver: 'bullmq',
    workers,
    backlog: pending,
    oldestWaitMs,
    warnings: [...(workers > 0 ? [] : [NO_WORKER]), ...(isUnsafe ? [mayEvict(evictionPolicy)] : [])],
  };
}

const PROBLEMS: Readonly<Record<string, string>> = {
  OOM: "The queue's Redis refuses writes: it is out of memory (maxmemory).",
  MISCONF: "The queue's Redis refuses writes: it cannot save to disk.",
  NOREPLICAS: "The queue's Redis refuses writes: it has too few replicas.",
  NOPERM: "The queue's Redis refuses commands: its user lacks a right (NOPERM).",
};

/**
 * The health of a pool whose Redis is unavailable.
 *
 * @param refusal the code with which it refuses calls, if it can be reached
 */
export function unavailableHealth(
  { fallback, role }: ResolvedBullmqOptions,
  refusal: string | null = null,
): PoolHealth {
  const problem = PROBLEMS[refusal ?? ''] ?? UNAVAILABLE;
  const hasFallback = fallback === 'local' && role !== 'worker';
  return {
    status: hasFallback ? 'degraded' : 'down',
    driver: 'bullmq',
    workers: null,
    backlog: null,
    oldestWaitMs: null,
    warnings: [hasFallback ? `${problem} This process executes requests itself.` : problem],
  };
}

function pairs(flat: string[]): Record<string, string | undefined> {
  const entries = flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]]] : []));
  return Object.fromEntries(entries) as Record<string, string | undefined>;
}
