import { measure } from './measure.mjs';
import { percent, table } from './page.mjs';
import { replay } from './simulation.mjs';

const COMMON = { exponent: 0.9, seed: 1, valueBytes: 2_000, listening: true, channels: true };
/** 2,000 requests of each process, one after the other. */
const BUSY = {
  ...COMMON,
  paced: false,
  keys: 2_000,
  requestsPerSecond: 2_000,
  seconds: 1,
  invalidationShare: 0.02,
  ttlSeconds: Infinity,
  factorySeconds: 0,
  leaseMs: 5_000,
};
/** Slow computations whose leases are renewed, for keys that several processes want at once. */
const SLOW = {
  ...COMMON,
  paced: true,
  keys: 300,
  requestsPerSecond: 30,
  seconds: 10,
  invalidationShare: 0,
  ttlSeconds: 2,
  factorySeconds: 3,
  leaseMs: 4_000,
};

const BUSY_ROWS = [
  ['near hits', 'nearHits', 'near'],
  ['hits in Redis', 'redisHits', 'redis'],
  ['computations', 'computations', 'computed'],
  ['commands', 'commands'],
  ['messages', 'messages'],
  ['bytes to Redis', 'bytesToRedis'],
  ['bytes from Redis', 'bytesFromRedis'],
];
const SLOW_ROWS = [
  ...BUSY_ROWS.slice(0, 3),
  ['callers that wait', 'collapsed'],
  ['processes that wait for another', 'waiters'],
  ['such processes per computation', 'waitersPerComputation'],
  ['polls', 'polls'],
  ['renewals of leases', 'renewals'],
  ...BUSY_ROWS.slice(3),
];

/** Counts of real processes that compute at once, and those that the simulation predicts for the same requests. */
export const compareBusy = (processes, near) => compare({ ...BUSY, processes, near }, BUSY_ROWS);

/** The same for computations that take seconds, by processes that may or may not subscribe. */
export const compareSlow = (processes, { near = false, channels = true, seconds = SLOW.seconds } = {}) =>
  compare({ ...SLOW, processes, near, channels, listening: channels, seconds }, SLOW_ROWS);

async function compare(traffic, rows) {
  const measured = await measure(traffic);
  measured.waitersPerComputation = measured.waiters / measured.computed;
  const simulated = replay(traffic);
  simulated.waitersPerComputation = simulated.waiters / simulated.computations;
  return rows
    .map(([what, predicted, counted = predicted]) => ({
      what,
      simulated: simulated[predicted],
      measured: measured[counted],
    }))
    .filter((row) => row.simulated > 0 || row.measured > 0);
}

const SIZES = [2, 4, 8];
const onOff = (on) => (on ? 'on' : 'off');
const columns = SIZES.map((size) => `${size} processes`);

/** Returns the table of the page about computations that take no time. */
export async function busyTable() {
  const rows = [];
  for (const near of [true, false]) {
    rows.push(...(await rowsOf([onOff(near)], (processes) => compareBusy(processes, near))));
  }
  return table(['near cache', 'what', ...columns], rows);
}

/** Returns the table of the page about computations that other processes wait for. */
export async function slowTable() {
  const rows = [];
  for (const [near, channels] of [
    [false, true],
    [false, false],
    [true, true],
  ]) {
    const group = [onOff(near), onOff(channels)];
    rows.push(...(await rowsOf(group, (processes) => compareSlow(processes, { near, channels }))));
  }
  return table(['near cache', 'channels', 'what', ...columns], rows);
}

/** A row for each count, with a cell for each number of processes. */
async function rowsOf(group, comparison) {
  const bySize = [];
  for (const size of SIZES) bySize.push(await comparison(size));
  return bySize[0].map(({ what }, index) =>
    group.concat(
      what,
      bySize.map((rows) => cellOf(rows[index])),
    ),
  );
}

const written = (count) => count.toLocaleString('en');

function cellOf({ simulated, measured }) {
  return `${written(simulated)} → ${written(measured)} (${percent(measured / simulated - 1)})`;
}
