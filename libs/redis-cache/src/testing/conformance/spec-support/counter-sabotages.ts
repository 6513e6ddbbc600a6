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
    /^counters: additions are summed/,
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
    /^counters: no concurrent addition is lost/,
  ],
  [
    'read rounds the sums',
    ({ counters }) =>
      replace(counters, 'read', (read) => async (name) => {
        return new Map([...(await read(name))].map(([field, sum]) => [field, Math.fround(sum)]));
      }),
    /^counters: a small fraction/,
  ],
  [
    'add ignores the batch',
    ({ counters }) => replace(counters, 'add', (add) => (name, increments) => add(name, increments)),
    /^counters: a batch is added once/,
  ],
  [
    'add does not distinguish writers',
    ({ counters }) =>
      replace(counters, 'add', (add) => (name, increments, batch) => {
        return add(name, increments, batch && { ...batch, writer: 'all' });
      }),
    /^counters: sequence numbers are independent/,
  ],
  [
    'each count extends the window',
    ({ counters }) => {
      const windows = new Map<string, number>();
      counters.countInWindow = async (name, windowMs, amount) => {
        windows.set(name, (windows.get(name) ?? 0) + amount);
        return { count: windows.get(name)!, resetMs: windowMs };
      };
    },
    /^counters: a window ends at a fixed time/,
  ],
  [
    'a window ignores the amount',
    ({ counters }) =>
      replace(counters, 'countInWindow', (count) => (name, windowMs) => count(name, windowMs, 1)),
    /^counters: a window returns its sum/,
  ],
  [
    'all names share one window',
    ({ counters }) =>
      replace(counters, 'countInWindow', (count) => (_name, windowMs, amount) => count('', windowMs, amount)),
    /^counters: windows are independent/,
  ],
  [
    'a limit counts refused calls',
    ({ counters }) =>
      replace(counters, 'countLimited', (count) => async (name, limit) => {
        const call = await count(name, limit);
        return call.blocked ? { ...call, count: call.count + 1 } : call;
      }),
    /^counters: a limit counts calls, refuses/,
  ],
  [
    'a limit allows one more',
    ({ counters }) =>
      replace(counters, 'countLimited', (count) => (name, limit) => {
        return count(name, { ...limit, limit: limit.limit + 1 });
      }),
    /^counters: concurrent calls are allowed exactly/,
  ],
  [
    'a block ends with its window',
    ({ counters }) =>
      replace(counters, 'countLimited', (count) => (name, limit) => count(name, { ...limit, blockMs: 0 })),
    /^counters: a block lasts as long/,
  ],
  [
    'a window of a limit never ends',
    ({ counters }) =>
      replace(counters, 'countLimited', (count) => (name, limit) => {
        return count(name, { ...limit, windowMs: 1_000_000 });
      }),
    /^counters: a limit counts again after/,
  ],
  [
    'all names share one limit',
    ({ counters }) => replace(counters, 'countLimited', (count) => (_name, limit) => count('', limit)),
    /^counters: limits are independent/,
  ],
];
