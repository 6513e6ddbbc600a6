import { beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { derivedCounters, derivedGauges } from './derived.js';
import { inTime } from '../util/in-time.js';

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
  it('are counters as they were counted elsewhere, not their sum over scrapes', async () => {
    const read = { good: (source: Source) => source.good, bad: (source: Source) => source.bad };
    const update = derivedCounters(registry, [{ name: 'eggs_total', help: 'Eggs', label: 'kind', read }]);
    update({ good: 3, bad: 1 });
    update({ good: 5, bad: 1 });
    expect(await text()).toMatch(/eggs_total\{kind="good"\} 5\neggs_total\{kind="bad"\} 1/);
    update(null);
    expect(await text()).toContain('eggs_total{kind="good"} 5');
  });

  it('are gauges with a gap where the source did not answer', async () => {
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
  it('answers null for what fails or takes too long', async () => {
    expect(await inTime(Promise.resolve(5))).toBe(5);
    expect(await inTime(Promise.reject(new Error('away')))).toBeNull();
    expect(await inTime(new Promise(() => {}), 1)).toBeNull();
  });
});
