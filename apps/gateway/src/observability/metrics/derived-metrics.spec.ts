import { beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { inTime } from '../../util/deadline.js';
import { derivedCounters, derivedGauges } from './derived-metrics.js';

interface Source {
  good: number;
  bad: number;
}

let registry: Registry;
const text = (): Promise<string> => registry.metrics();

beforeEach(() => {
  registry = new Registry();
});

describe('derived metrics', () => {
  it('set counters to the values of the source instead of adding them up over scrapes', async () => {
    const read = { good: (source: Source) => source.good, bad: (source: Source) => source.bad };
    const update = derivedCounters(registry, [{ name: 'eggs_total', help: 'Eggs', label: 'kind', read }]);
    update({ good: 3, bad: 1 });
    update({ good: 5, bad: 1 });
    expect(await text()).toMatch(/eggs_total\{kind="good"\} 5\neggs_total\{kind="bad"\} 1/);
    update(null);
    expect(await text()).toContain('eggs_total{kind="good"} 5');
  });

  it('set gauges to NaN while the source does not respond', async () => {
    const update = derivedGauges(registry, [
      { name: 'eggs', help: 'Eggs', read: ({ good }: Source) => good },
    ]);
    update({ good: 3, bad: 0 });
    expect(await text()).toMatch(/^eggs 3$/m);
    update(null);
    expect(await text()).toMatch(/^eggs nan$/im);
  });
});

describe('inTime', () => {
  it('resolves to null for a promise that rejects or takes too long', async () => {
    expect(await inTime(Promise.resolve(5))).toBe(5);
    expect(await inTime(Promise.reject(new Error('away')))).toBeNull();
    expect(await inTime(new Promise(() => {}), 1)).toBeNull();
  });
});
