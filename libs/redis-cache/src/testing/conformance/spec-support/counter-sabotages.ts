import { replace, type Sabotage } from './sabotage.js';

export const COUNTERS_SABOTAGES: Sabotage[] = [
  [
    'add replaces the sum',
    ({ counters }) => {
      const sums = new Map<string, number>();
      counters.add = async (_name, increments) => {
        for (const [field, amount] of increments) sums.set(field, amount);
        return true;
      };
      counters.read = async () => sums;
    },
    /^counters: additions add up/,
  ],
  [
    'add reads before it writes',
    ({ counters }) => {
      const sums = new Map<string, number>();
      counters.add = async (_name, increments) => {
        const before = new Map(sums);
        await Promise.resolve();
        for (const [field, amount] of increments) sums.set(field, (before.get(field) ?? 0) + amount);
        return true;
      };
      counters.read = async () => sums;
    },
    /^counters: no addition is lost/,
  ],
  [
    'read rounds',
    ({ counters }) =>
      replace(counters, 'read', (read) => async (name) => {
        return new Map([...(await read(name))].map(([field, sum]) => [field, Math.fround(sum)]));
      }),
    /^counters: a small fraction/,
  ],
  [
    'add does not know batches',
    ({ counters }) => replace(counters, 'add', (add) => (name, increments) => add(name, increments)),
    /^counters: a batch is added once/,
  ],
  [
    'add takes all writers for one',
    ({ counters }) =>
      replace(counters, 'add', (add) => (name, increments, batch) => {
        return add(name, increments, batch && { ...batch, writer: 'all' });
      }),
    /^counters: batches of other writers/,
  ],
  [
    'a window is prolonged by each count',
    ({ counters }) => {
      const windows = new Map<string, number>();
      counters.countInWindow = async (name, windowMs, amount) => {
        windows.set(name, (windows.get(name) ?? 0) + amount);
        return { count: windows.get(name)!, resetMs: windowMs };
      };
    },
    /^counters: a window ends at its time/,
  ],
  [
    'a window counts by one',
    ({ counters }) =>
      replace(counters, 'countInWindow', (count) => (name, windowMs) => count(name, windowMs, 1)),
    /^counters: a window counts what falls into it/,
  ],
  [
    'all windows are one',
    ({ counters }) =>
      replace(counters, 'countInWindow', (count) => (_name, windowMs, amount) => count('', windowMs, amount)),
    /^counters: windows are apart/,
  ],
];
