import type { PoolHealth, PoolStats } from '../contract/task.js';
import { estimateWaitMs } from '../tasks/service-times.js';
import type { ResolvedBullmqOptions } from '../options/bullmq-options.schema.js';
import type { QueueStats } from './queue-stats.js';

const NO_WORKER = 'No worker is alive: tasks wait.';
const AWAY = 'The queue is unavailable.';
const evicts = (policy: string): string =>
  `The queue's Redis may drop tasks: its maxmemory-policy is ${policy}, a queue needs noeviction.`;

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

export function toHealth(stats: QueueStats): PoolHealth {
  const { workers, pending, oldestWaitMs, evictionPolicy } = stats;
  const mayEvict = evictionPolicy !== '' && evictionPolicy !== 'noeviction';
  return {
    status: workers > 0 ? 'up' : 'degraded',
    driver: 'bullmq',
    workers,
    backlog: pending,
    oldestWaitMs,
    warnings: [...(workers > 0 ? [] : [NO_WORKER]), ...(mayEvict ? [evicts(evictionPolicy)] : [])],
  };
}

/** Nothing can be told of the queue. */
export function unreachable({ fallback, role }: ResolvedBullmqOptions): PoolHealth {
  const isHelped = fallback === 'local' && role !== 'worker';
  return {
    status: isHelped ? 'degraded' : 'down',
    driver: 'bullmq',
    workers: null,
    backlog: null,
    oldestWaitMs: null,
    warnings: [isHelped ? `${AWAY} This process does the work itself.` : AWAY],
  };
}
