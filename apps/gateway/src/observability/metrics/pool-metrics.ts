import type { PoolStats, WorkerPool } from 'nestjs-worker-pool';
import type { Registry } from 'prom-client';
import { inTime } from '../../util/deadline.js';
import {
  type Collector,
  type Derived,
  derivedCounters,
  derivedGauges,
  type Update,
} from './derived-metrics.js';

const SECOND_MS = 1_000;

const COUNTERS: Derived<PoolStats>[] = [
  {
    name: 'worker_pool_tasks_total',
    help: 'Tasks by outcome; rejected: refused because the backlog was full',
    label: 'result',
    read: {
      completed: (stats) => stats.completed,
      failed: (stats) => stats.failed,
      timeout: (stats) => stats.timedOut,
      killed: (stats) => stats.killed,
      rejected: (stats) => stats.rejected,
    },
  },
];

const GAUGES: Derived<PoolStats>[] = [
  {
    name: 'worker_pool_workers',
    help: 'Tasks that can run at the same time',
    read: (stats) => stats.concurrency,
  },
  { name: 'worker_pool_running', help: 'Tasks that are running', read: (stats) => stats.running },
  {
    name: 'worker_pool_backlog',
    help: 'Tasks that are waiting for a worker',
    read: (stats) => stats.pending,
  },
  {
    name: 'worker_pool_backlog_limit',
    help: 'Tasks that may wait for a worker',
    read: (stats) => stats.maxBacklog,
  },
  {
    name: 'worker_pool_lingering',
    help: 'Workers still occupied by a task that has already ended',
    read: (stats) => stats.lingering,
  },
  {
    name: 'worker_pool_oldest_wait_seconds',
    help: 'How long the oldest waiting task has been waiting',
    read: (stats) => stats.oldestWaitMs / SECOND_MS,
  },
  {
    name: 'worker_pool_service_seconds',
    help: 'Moving average of how long a task occupies a worker',
    read: (stats) => (stats.meanServiceMs ?? Number.NaN) / SECOND_MS,
  },
];

/** Counters and state of the worker pool. */
export class PoolMetrics implements Collector {
  readonly #updateCounters: Update<PoolStats>;
  readonly #updateGauges: Update<PoolStats>;

  constructor(
    private readonly pool: WorkerPool,
    registry: Registry,
  ) {
    this.#updateCounters = derivedCounters(registry, COUNTERS);
    this.#updateGauges = derivedGauges(registry, GAUGES);
  }

  async collect(): Promise<void> {
    const stats = await inTime(this.pool.stats());
    this.#updateCounters(stats);
    this.#updateGauges(stats);
  }
}
