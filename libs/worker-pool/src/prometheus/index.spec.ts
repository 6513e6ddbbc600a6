import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createWorkerPool, type PoolStats, PoolUnavailableError, type WorkerPool } from '../core.js';
import { ControlledExecutor } from '../core/local/spec-support/controlled-executor.js';
import { registerPoolMetrics } from './index.js';

let registry: Registry;

beforeEach(() => {
  registry = new Registry();
});

const linesOf = async (pattern: RegExp): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => pattern.test(line));

describe('registerPoolMetrics of a local pool', () => {
  let executor: ControlledExecutor;
  let pool: WorkerPool;

  beforeEach(() => {
    executor = new ControlledExecutor();
    pool = createWorkerPool({ executor, concurrency: 3, maxBacklog: 7 });
  });

  afterEach(() => pool.close());

  it('reports tasks by outcome, workers and backlog', async () => {
    registerPoolMetrics(pool, registry);
    const done = pool.run({ prompt: 'a' });
    const call = await executor.call(0);
    expect(await linesOf(/^worker_pool_(?:running|service)/)).toEqual([
      'worker_pool_running 1',
      'worker_pool_service_seconds Nan',
    ]);
    call.complete();
    await done;
    expect(await linesOf(/^worker_pool/)).toEqual([
      'worker_pool_tasks_total{result="completed"} 1',
      'worker_pool_tasks_total{result="failed"} 0',
      'worker_pool_tasks_total{result="timeout"} 0',
      'worker_pool_tasks_total{result="killed"} 0',
      'worker_pool_tasks_total{result="rejected"} 0',
      'worker_pool_workers 3',
      'worker_pool_running 0',
      'worker_pool_backlog 0',
      'worker_pool_backlog_limit 7',
      'worker_pool_lingering 0',
      'worker_pool_oldest_wait_seconds 0',
      expect.stringMatching(/^worker_pool_service_seconds [\d.e-]+$/),
    ]);
  });

  it('prepends the prefix, so that one registry can hold several pools', async () => {
    registerPoolMetrics(pool, registry);
    registerPoolMetrics(pool, registry, { prefix: 'batch_' });
    expect(await linesOf(/worker_pool_workers \d/)).toEqual([
      'worker_pool_workers 3',
      'batch_worker_pool_workers 3',
    ]);
  });

  it('throws for a name that is already registered', () => {
    registerPoolMetrics(pool, registry);
    expect(() => registerPoolMetrics(pool, registry)).toThrow('has already been registered');
  });
});

describe('registerPoolMetrics of a pool on Redis', () => {
  const STATS: PoolStats = {
    concurrency: 5,
    maxBacklog: 100,
    running: 2,
    pending: 4,
    lingering: 0,
    oldestWaitMs: 1_500,
    meanServiceMs: 250,
    retryAfterMs: 0,
    completed: 3,
    failed: 1,
    timedOut: 0,
    killed: 0,
    rejected: 0,
  };
  let reads: number;
  let stats: () => Promise<PoolStats>;

  beforeEach(() => {
    reads = 0;
    stats = async () => STATS;
    const source = { stats: () => ((reads += 1), stats()) };
    registerPoolMetrics(source, registry, { timeoutMs: 20 });
  });

  it('reads the statistics once per scrape', async () => {
    await registry.metrics();
    await registry.metrics();
    expect(reads).toBe(2);
  });

  it.each([
    ['fails', () => Promise.reject(new PoolUnavailableError())],
    ['takes too long', () => new Promise<never>(() => {})],
  ])('keeps the counter and sets gauges to NaN while reading %s', async (_, broken) => {
    const pattern = /^worker_pool_(?:tasks_total.*(?:completed|failed)|backlog|oldest)/;
    expect(await linesOf(pattern)).toEqual([
      'worker_pool_tasks_total{result="completed"} 3',
      'worker_pool_tasks_total{result="failed"} 1',
      'worker_pool_backlog 4',
      'worker_pool_backlog_limit 100',
      'worker_pool_oldest_wait_seconds 1.5',
    ]);
    stats = broken;
    expect(await linesOf(pattern)).toEqual([
      'worker_pool_tasks_total{result="completed"} 3',
      'worker_pool_tasks_total{result="failed"} 1',
      'worker_pool_backlog Nan',
      'worker_pool_backlog_limit Nan',
      'worker_pool_oldest_wait_seconds Nan',
    ]);
    stats = async () => STATS;
    expect(await linesOf(/^worker_pool_backlog \d/)).toEqual(['worker_pool_backlog 4']);
  });
});
