import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { compare } from '../../bench/capacity/comparison.mjs';
import { capacityFigures } from '../../bench/capacity/page.mjs';
import { POLL_SECONDS, simulate } from '../../bench/capacity/simulation.mjs';
import { cheHitRatio, ttlHitRatio, zipfShares } from '../../bench/capacity/zipf.mjs';
import { MAX_POLL_MS, MIN_POLL_MS } from '@redis-cache/core/cache/holder-wait.js';

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

  it('polls as often as the engine does', () => {
    expect(POLL_SECONDS).toBe((MIN_POLL_MS + MAX_POLL_MS) / 2 / 1_000);
  });

  it.each([
    ['with', true],
    ['without', false],
  ])(
    'predicts hits, computations, commands and messages of three processes %s near copies',
    async (_name, near) => {
      for (const { what, simulated, measured } of await compare(3, near)) {
        expect({ what, close: Math.abs(measured - simulated) <= Math.max(0.12 * simulated, 10) }).toEqual({
          what,
          close: true,
        });
      }
    },
  );

  it('gave the figures of docs/capacity.md', () => {
    const page = readFileSync('docs/capacity.md', 'utf8');
    const section = /<!-- simulated -->([^]*)<!-- \/simulated -->/.exec(page)![1]!;
    const { markdown, chart } = capacityFigures();
    expect(rowsOf(section)).toEqual(rowsOf(markdown));
    expect(readFileSync('docs/capacity.svg', 'utf8')).toBe(chart);
  });
});
