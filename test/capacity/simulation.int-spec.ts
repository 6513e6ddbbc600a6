import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type Comparison, compareBusy, compareSlow } from '../../bench/capacity/comparison.mjs';
import { HEADER_BYTES, RENEWALS_PER_LEASE, renewalsOf } from '../../bench/capacity/costs.mjs';
import { capacityFigures } from '../../bench/capacity/page.mjs';
import { HOT } from '../../bench/capacity/effects.mjs';
import { measure } from '../../bench/capacity/measure.mjs';
import { allocated, compareMemory, COPY_OVERHEAD_BYTES } from '../../bench/capacity/memory.mjs';
import { MAX_STRETCH, POLL_SECONDS, replay, simulate } from '../../bench/capacity/simulation.mjs';
import { cheHitRatio, ttlHitRatio, zipfShares } from '../../bench/capacity/zipf.mjs';
import {
  MAX_POLL_MS,
  MAX_STRETCH as ENGINE_MAX_STRETCH,
  MIN_POLL_MS,
} from '@redis-cache/core/cache/holder-wait.js';
import { RENEWALS_PER_LEASE as ENGINE_RENEWALS_PER_LEASE } from '@redis-cache/core/cache/lease.js';
import { ENTRY_OVERHEAD_BYTES } from '@redis-cache/core/near/near-cache.js';
import { HEADER_BYTES as ENGINE_HEADER_BYTES } from '@redis-cache/core/entry/entry-envelope.js';

const SMALL = { keys: 2_000, exponent: 0.9, seconds: 60, warmUpSeconds: 60, invalidationShare: 0 };

/** Rows of a table without the padding of its cells. */
function rowsOf(markdown: string): string[] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[ |-]+$/.test(line))
    .map((line) => line.replaceAll(/\s+/g, ' ').trim());
}

describe('the simulation of the capacity', () => {
  it('returns the same for the same seed, and something else for another', () => {
    const traffic = { ...SMALL, processes: 5 };
    expect(simulate({ ...traffic, seed: 3 })).toEqual(simulate({ ...traffic, seed: 3 }));
    expect(simulate({ ...traffic, seed: 4 })).not.toEqual(simulate({ ...traffic, seed: 3 }));
  });

  it("has the hit ratio of an LRU cache that Che's approximation predicts", () => {
    const nearEntries = 200;
    const traffic = { ...SMALL, nearEntries, ttlSeconds: Infinity, requestsPerSecond: 2_000 };
    const { nearHits, requests } = simulate({ ...traffic, factorySeconds: 0 });
    const predicted = cheHitRatio(zipfShares(SMALL.keys, SMALL.exponent), nearEntries);
    expect(Math.abs(nearHits / requests - predicted)).toBeLessThan(0.01);
  });

  it('has the hit ratio that follows from the TTL', () => {
    const traffic = { ...SMALL, near: false, ttlSeconds: 10, requestsPerSecond: 2_000, factorySeconds: 0 };
    const { redisHits, requests } = simulate(traffic);
    const predicted = ttlHitRatio(zipfShares(SMALL.keys, SMALL.exponent), 10 * 2_000);
    expect(Math.abs(redisHits / requests - predicted)).toBeLessThan(0.01);
  });

  it('has the times and sizes of the engine', () => {
    expect(POLL_SECONDS).toEqual([MIN_POLL_MS / 1_000, MAX_POLL_MS / 1_000]);
    expect(MAX_STRETCH).toBe(ENGINE_MAX_STRETCH);
    expect(RENEWALS_PER_LEASE).toBe(ENGINE_RENEWALS_PER_LEASE);
    expect(HEADER_BYTES).toBe(ENGINE_HEADER_BYTES);
    expect(COPY_OVERHEAD_BYTES).toBe(ENTRY_OVERHEAD_BYTES);
  });

  it('renews a lease three times within its time', () => {
    expect(renewalsOf(1, 5_000)).toBe(0);
    expect(renewalsOf(1.7, 5_000)).toBe(1);
    expect(renewalsOf(60, 5_000)).toBe(36);
    const { renewals, computations } = simulate({
      ...SMALL,
      processes: 5,
      factorySeconds: 2,
      leaseMs: 1_100,
    });
    expect(renewals).toBe(5 * computations);
  });

  it.each([
    ['ten times a second without an announcement', false, 28, 37],
    ['less often when the end is announced', true, 20, 25],
  ])('polls a wait of up to four seconds %s', (_how, channels, least, most) => {
    const traffic = { ...SMALL, near: false, processes: 20, factorySeconds: 4, keys: 20, ttlSeconds: 1 };
    const { polls, waiters } = replay({ ...traffic, channels });
    expect(polls / waiters).toBeGreaterThan(least);
    expect(polls / waiters).toBeLessThan(most);
  });

  it.each([
    ['with', true],
    ['without', false],
  ])('predicts what three processes %s near copies cost Redis', async (_name, near) => {
    expectClose(await compareBusy(3, near), 0.06);
  });

  it.each([
    ['are notified', { channels: true }],
    ['only poll', { channels: false }],
    ['have near copies', { near: true }],
  ])(
    'predicts waiters, polls and renewals of three processes that %s',
    async (_name, listening) => {
      expectClose(await compareSlow(3, { ...listening, seconds: 5 }), 0.15);
    },
    30_000,
  );

  it('takes a hot key off Redis by near copies', async () => {
    const traffic = { ...HOT, processes: 3, seconds: 2 };
    const far = await measure({ ...traffic, near: false });
    const near = await measure({ ...traffic, near: true });
    expect(far.commands! / near.commands!).toBeGreaterThan(5);
  });

  it('rounds to the size classes of jemalloc', () => {
    expect([1, 16, 17, 100, 129, 200, 257, 2_027].map(allocated)).toEqual([
      16, 16, 32, 112, 160, 224, 320, 2_048,
    ]);
  });

  it.each([
    ['a text of 2,000 bytes', 0.1],
    // Parsed objects take more than their JSON.
    ['40 small objects', 0.7],
  ])('predicts the memory of %s in Redis and in a near cache', async (name, tolerance) => {
    const { redis, near } = await compareMemory(name);
    expect(Math.abs(redis.measured / redis.predicted - 1)).toBeLessThan(0.03);
    expect(Math.abs(near.measured / near.predicted - 1)).toBeLessThan(tolerance);
  });

  it('gave the figures of docs/capacity.md', () => {
    const page = readFileSync('docs/capacity.md', 'utf8');
    const { chart, ...tables } = capacityFigures();
    for (const [name, markdown] of Object.entries(tables)) {
      const section = new RegExp(`<!-- ${name} -->([^]*)<!-- /${name} -->`).exec(page)![1]!;
      expect(rowsOf(section)).toEqual(rowsOf(markdown));
    }
    expect(readFileSync('docs/capacity.svg', 'utf8')).toBe(chart);
  }, 180_000);
});

/** Timers are late on a busy machine, so fewer polls fit into a wait. */
const POLL_TOLERANCE = 0.35;

/** Processes on a busy machine differ a little in which of them comes first. */
function expectClose(rows: Comparison[], tolerance: number): void {
  expect(rows.length).toBeGreaterThan(5);
  for (const { what, simulated, measured } of rows) {
    const ratio = what === 'polls' ? POLL_TOLERANCE : tolerance;
    const close = Math.abs(measured - simulated) <= Math.max(ratio * simulated, 10);
    expect({ what, simulated, measured, close }).toEqual({ what, simulated, measured, close: true });
  }
}
