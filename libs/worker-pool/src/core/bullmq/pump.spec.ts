import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { until } from '@test/support/index.js';
import { Pump } from './pump.js';

interface Item {
  starts: number[];
}

const newItem = (): Item => ({ starts: [] });

/** The shortest time between two starts. */
const shortestGap = (starts: number[]): number =>
  Math.min(...starts.slice(1).map((start, index) => start - starts[index]!));

let pump: Pump<Item> | undefined;

afterEach(() => pump?.stop());

describe('Pump', () => {
  it('runs at least an interval apart for each item, and never twice at once', async () => {
    const items = [newItem(), newItem(), newItem()];
    const runs: number[] = [];
    let running = 0;
    let mostRunning = 0;
    const clock = jest.spyOn(performance, 'now');
    pump = new Pump<Item>(10, async (batch) => {
      // What the pump has read: a pause before a reading of our own would shorten the next gap.
      const now = clock.mock.results.at(-1)!.value as number;
      runs.push(now);
      running += 1;
      mostRunning = Math.max(mostRunning, running);
      for (const item of batch) {
        item.starts.push(now);
        pump?.request(item);
      }
      // Some runs are shorter than the interval, some longer.
      await sleep(runs.length % 4 === 0 ? 15 : 1);
      running -= 1;
    });
    for (const item of items) {
      pump.request(item);
      await sleep(3);
    }
    await until(() => items.every(({ starts }) => starts.length >= 12), { what: 'every item to have run' });
    for (const { starts } of items) expect(shortestGap(starts)).toBeGreaterThanOrEqual(10);
    expect(shortestGap(runs)).toBeGreaterThanOrEqual(1);
    expect(mostRunning).toBe(1);
    clock.mockRestore();
  });

  it('runs once for all requests of one turn, and again for one that comes during a run', async () => {
    const runs: { items: Item[]; end: () => void }[] = [];
    pump = new Pump<Item>(10, (items) => new Promise((end) => void runs.push({ items, end })));
    const [first, second] = [newItem(), newItem()];
    pump.request(first);
    pump.request(second);
    pump.request(first);
    await until(() => runs.length > 0, { what: 'the first run' });
    pump.request(first);
    await sleep(30);
    expect(runs.map(({ items }) => items)).toEqual([[first, second]]);
    runs[0]?.end();
    await until(() => runs.length > 1, { what: 'the second run' });
    runs[1]?.end();
    await sleep(30);
    expect(runs.map(({ items }) => items)).toEqual([[first, second], [first]]);
  });

  it('runs for many items in parts, and for none that was forgotten', async () => {
    const items = Array.from({ length: 250 }, newItem);
    const runs: Item[][] = [];
    pump = new Pump<Item>(10, async (batch) => void runs.push(batch));
    for (const item of items) pump.request(item);
    pump.forget(items[0]!);
    await until(() => runs.flat().length >= 249, { what: 'every item to have run' });
    expect(runs.flat()).toEqual(items.slice(1));
    expect(Math.max(...runs.map(({ length }) => length))).toBe(100);
  });

  it('starts no run after it was stopped', async () => {
    let runs = 0;
    pump = new Pump<Item>(10, async () => void (runs += 1));
    pump.request(newItem());
    pump.stop();
    pump.request(newItem());
    await sleep(30);
    expect(runs).toBe(0);
  });
});
