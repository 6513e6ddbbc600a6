import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { type CacheStatus, forwarded } from 'nestjs-redis-cache/http';
import { ChaosBackend, createTestingCache, MemoryBackend } from 'nestjs-redis-cache/testing';
import type { SavingsCounts } from './savings-table.js';
import { type AnswerCost, costOf, SavingsService } from './savings.service.js';

const COMPLETION = {
  completion: 'text',
  usage: { input_tokens: 30, output_tokens: 10, cache_read_input_tokens: 5 },
  cost: 0.5,
  model: 'model',
  stopReason: 'end_turn',
  content: [],
};
const SHARED_POOL = { WORKER_POOL: 'bullmq' } as const;
const HIT: CacheStatus = { outcome: 'hit', ttlSeconds: 10 };

function countAnswer(to: SavingsService, status: CacheStatus, tenant = 'team'): void {
  to.countAnswer(tenant, status, costOf(COMPLETION), 1_500);
}

async function countsOf(savings: SavingsService, tenant = 'team'): Promise<SavingsCounts> {
  return (await savings.read()).table.of(tenant, 'model');
}

describe('savings', () => {
  let chaos: ChaosBackend;
  let cache: RedisCacheService;
  let savings: SavingsService;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['performance', 'nextTick', 'queueMicrotask'] });
    chaos = new ChaosBackend(new MemoryBackend({ maxBytes: 1_000_000 }));
    cache = createTestingCache({ backend: chaos });
    savings = new SavingsService(cache, SHARED_POOL);
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it.each<[string, CacheStatus, Partial<SavingsCounts>]>([
    ['a hit', HIT, { hits: 1, tokens_saved: 45, cost_saved: 0.5, seconds_saved: 1.5 }],
    ['a stale answer', forwarded('stale'), { stale: 1, cost_saved: 0.5, seconds_saved: 1.5 }],
    [
      'a collapsed request',
      forwarded('miss', { collapsed: true }),
      { collapsed: 1, cost_saved: 0.5, seconds_saved: 0 },
    ],
    ['a miss', forwarded('miss', { stored: true }), { misses: 1, cost_saved: 0, seconds_saved: 0 }],
    ['a request for a new answer', forwarded('request'), { bypassed: 1, cost_saved: 0 }],
    ['an answer without Redis', forwarded('bypass'), { bypassed: 1, cost_saved: 0 }],
  ])('of %s are what it says', async (_what, status, expected) => {
    countAnswer(savings, status);
    expect(await countsOf(savings)).toMatchObject(expected);
  });

  it('know what computing cost, each task once', async () => {
    for (const taskId of ['one', 'one', 'two', 'one']) savings.countSpending('team', COMPLETION, taskId);
    expect(await countsOf(savings)).toMatchObject({ tokens_spent: 90, cost_spent: 1, misses: 0 });
  });

  it('know what computing cost, each task once for all processes', async () => {
    const other = new SavingsService(cache, SHARED_POOL);
    for (const process of [savings, other, savings, other])
      process.countSpending('team', COMPLETION, 'shared');
    await Promise.all([savings.onApplicationShutdown(), other.onApplicationShutdown()]);
    expect(await countsOf(savings)).toMatchObject({ tokens_spent: 45, cost_spent: 0.5 });
  });

  it('remember each task of a shared pool for two minutes, here and in Redis', async () => {
    const count = jest.spyOn(cache.sharedCounters, 'countInWindow');
    const now = jest.spyOn(performance, 'now');
    const countTask = async (atMs: number): Promise<void> => {
      now.mockReturnValue(atMs);
      savings.countSpending('team', COMPLETION, 'remembered');
      await savings.read();
    };
    await countTask(0);
    await countTask(119_999);
    expect(count.mock.calls).toEqual([['spent:remembered', 120_000, 1]]);
    await countTask(120_000);
    expect(count).toHaveBeenCalledTimes(2);
    now.mockRestore();
  });

  it('need nothing in Redis to count the tasks of a local pool once', async () => {
    const count = jest.spyOn(cache.sharedCounters, 'countInWindow');
    const local = new SavingsService(cache, { WORKER_POOL: 'local' });
    for (const taskId of ['one', 'one', 'two']) local.countSpending('team', COMPLETION, taskId);
    expect(await countsOf(local)).toMatchObject({ tokens_spent: 90, cost_spent: 1 });
    expect(count).not.toHaveBeenCalled();
  });

  it('know what computing cost while Redis is away', async () => {
    chaos.goDown();
    savings.countSpending('team', COMPLETION, 'alone');
    expect(await countsOf(savings)).toMatchObject({ tokens_spent: 45, cost_spent: 0.5 });
  });

  it('of many hits are one call to Redis, a second later', async () => {
    const add = jest.spyOn(cache.sharedCounters, 'add');
    for (let hits = 0; hits < 1_000; hits += 1) countAnswer(savings, HIT);
    expect(add).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(add).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(add).toHaveBeenCalledTimes(1);
    expect(await cache.sharedCounters.read('savings')).toMatchObject({ '["team","model","hits"]': 1_000 });
  });

  it('add up over processes, and are there at once for those of this one', async () => {
    const other = new SavingsService(cache, SHARED_POOL);
    countAnswer(other, HIT);
    countAnswer(savings, HIT);
    expect((await countsOf(savings)).hits).toBe(1);
    await other.onApplicationShutdown();
    expect((await countsOf(savings)).hits).toBe(2);
  });

  it('are kept while Redis is away, told meanwhile, and sent once it is back', async () => {
    countAnswer(savings, HIT);
    expect((await savings.read()).shared).toBe(true);
    chaos.goDown();
    for (let hits = 0; hits < 3; hits += 1) {
      countAnswer(savings, HIT);
      await jest.advanceTimersByTimeAsync(1_000);
    }
    expect((await savings.read()).shared).toBe(false);
    expect((await countsOf(savings)).hits).toBe(4);
    chaos.comeUp();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await cache.sharedCounters.read('savings')).toMatchObject({ '["team","model","hits"]': 4 });
    expect((await countsOf(savings)).hits).toBe(4);
  });

  it('count a batch once that Redis took without confirming it', async () => {
    const add = jest.spyOn(cache.sharedCounters, 'add');
    const original = cache.sharedCounters.add.bind(cache.sharedCounters);
    add.mockRestore();
    const lossy = jest.spyOn(cache.sharedCounters, 'add');
    lossy.mockImplementationOnce(async (...args) => {
      await original(...args);
      return false;
    });
    countAnswer(savings, HIT);
    await jest.advanceTimersByTimeAsync(3_000);
    expect(lossy).toHaveBeenCalledTimes(2);
    expect((await countsOf(savings)).hits).toBe(1);
  });

  it('send more than one batch when there are more fields than one takes', async () => {
    for (let tenant = 0; tenant < 700; tenant += 1) countAnswer(savings, HIT, `team-${tenant}`);
    await savings.onApplicationShutdown();
    const { table } = await new SavingsService(cache, SHARED_POOL).read();
    expect([...table.entries()]).toHaveLength(700);
    expect(table.of('team-699', 'model').hits).toBe(1);
  });

  it('go on where something cannot be counted', async () => {
    const lost = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
    savings.countAnswer('team', HIT, { model: 'odd', tokens: NaN, cost: 1 }, null);
    expect((await savings.read()).shared).toBe(true);
    expect(lost).toHaveBeenCalledTimes(1);
    countAnswer(savings, HIT);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await cache.sharedCounters.read('savings')).toMatchObject({ '["team","model","hits"]': 1 });
    lost.mockRestore();
  });

  it('of an answer that names no model have no name', async () => {
    savings.countAnswer('team', HIT, { tokens: 3, cost: 1 } as AnswerCost, null);
    expect((await savings.read()).table.of('team', '').hits).toBe(1);
  });

  it('of the last second are sent at the end', async () => {
    countAnswer(savings, HIT);
    await savings.onApplicationShutdown();
    expect(await cache.sharedCounters.read('savings')).toMatchObject({ '["team","model","hits"]': 1 });
  });
});
