import { atMost, OptionNames } from 'nestjs-redis-connection';
import { Counter, Gauge, type OpenMetricsContentType, type Registry } from 'prom-client';
import { InvalidPoolOptionsError, type PoolStats, type WorkerPool } from '../core.js';

/** Options of {@link registerPoolMetrics}. */
export interface PoolMetricsOptions {
  /**
   * Prepended to the name of each metric, so that one registry can hold the metrics of several pools: `batch_` makes
   * `batch_worker_pool_tasks_total`. Default: empty.
   */
  prefix?: string;
  /** How long a scrape waits for the statistics of a pool on Redis, in milliseconds. Default: 1,000. */
  timeoutMs?: number;
}

const OPTIONS = new OptionNames<PoolMetricsOptions>(
  { prefix: true, timeoutMs: true },
  (path, problem) => new InvalidPoolOptionsError(path, problem),
);

/** The statistics, or `null` if the pool did not return them in time. */
type ReadStats = () => Promise<PoolStats | null>;

const SECOND_MS = 1_000;

const GAUGES: readonly { name: string; help: string; read: (stats: PoolStats) => number }[] = [
  {
    name: 'worker_pool_workers',
    help: 'Tasks that can run at the same time',
    read: ({ concurrency }) => concurrency,
  },
  { name: 'worker_pool_running', help: 'Tasks that are running', read: ({ running }) => running },
  {
    name: 'worker_pool_backlog',
    help: 'Tasks that are waiting for a worker',
    read: ({ pending }) => pending,
  },
  {
    name: 'worker_pool_backlog_limit',
    help: 'Tasks that may wait for a worker',
    read: ({ maxBacklog }) => maxBacklog,
  },
  {
    name: 'worker_pool_lingering',
    help: 'Workers still occupied by a task that has already ended',
    read: ({ lingering }) => lingering,
  },
  {
    name: 'worker_pool_oldest_wait_seconds',
    help: 'How long the oldest waiting task has been waiting',
    read: ({ oldestWaitMs }) => oldestWaitMs / SECOND_MS,
  },
  {
    name: 'worker_pool_service_seconds',
    help: 'Moving average of how long a task occupies a worker',
    read: ({ meanServiceMs }) => (meanServiceMs ?? Number.NaN) / SECOND_MS,
  },
];

/**
 * Adds the counters and the state of a pool to a registry of `prom-client`. A scrape reads the statistics once. All names
 * begin with `worker_pool_`; no label has values that clients choose. While a pool on Redis does not return its
 * statistics, the gauges are NaN, which a graph shows as a gap, and the counter keeps its values. With BullMQ the numbers
 * are those of all processes of the pool, otherwise those of this process since its start.
 *
 * @throws {InvalidPoolOptionsError} an unknown option
 * @throws {Error} from `prom-client` if a name is already registered or the prefix makes it invalid
 * @example
 * const registry = new Registry();
 * registerPoolMetrics(pool, registry);
 * console.log(await registry.metrics());
 */
export function registerPoolMetrics(
  pool: Pick<WorkerPool, 'stats'>,
  registry: Registry | Registry<OpenMetricsContentType>,
  options: PoolMetricsOptions = {},
): void {
  OPTIONS.check(options);
  const { prefix = '', timeoutMs = 1_000 } = options;
  // The metrics of one scrape are collected at the same time: they share one reading.
  let reading: Promise<PoolStats | null> | undefined;
  const stats: ReadStats = () => {
    reading ??= atMost(timeoutMs, pool.stats(), null).finally(() => (reading = undefined));
    return reading;
  };
  for (const metric of [taskCounter(prefix, stats), ...gaugesOf(prefix, stats)])
    registry.registerMetric(metric);
}

function taskCounter(prefix: string, stats: ReadStats): Counter {
  return new Counter({
    name: `${prefix}worker_pool_tasks_total`,
    help: 'Tasks by outcome; rejected: refused because the backlog was full',
    labelNames: ['result'],
    registers: [],
    async collect() {
      const current = await stats();
      if (current === null) return;
      const { completed, failed, timedOut, killed, rejected } = current;
      // The pool itself counts, so its values replace those of the previous scrape.
      this.reset();
      for (const [result, count] of Object.entries({
        completed,
        failed,
        timeout: timedOut,
        killed,
        rejected,
      }))
        this.inc({ result }, count);
    },
  });
}

function gaugesOf(prefix: string, stats: ReadStats): Gauge[] {
  return GAUGES.map(
    ({ name, help, read }) =>
      new Gauge({
        name: `${prefix}${name}`,
        help,
        registers: [],
        async collect() {
          const current = await stats();
          this.set(current === null ? Number.NaN : read(current));
        },
      }),
  );
}
