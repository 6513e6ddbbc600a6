import { measure } from './measure.mjs';
import { percent, table } from './page.mjs';
import { simulate } from './simulation.mjs';

const TRAFFIC = { keys: 2_000, exponent: 0.9, invalidationShare: 0.02, seed: 1 };
const REQUESTS = 2_000;
const HEAD = ['processes', 'near cache', 'what', 'simulated', 'measured', 'deviation'];
const ROWS = [
  ['near hits', 'nearHits', 'near'],
  ['hits in Redis', 'redisHits', 'redis'],
  ['computations', 'computations', 'factory'],
  ['commands', 'commands', 'commands'],
];
/** Without near copies, processes listen only while they wait for another one, which is not simulated. */
const NEAR_ROWS = [...ROWS, ['messages', 'messages', 'messages']];

/** Counts of real processes, and those that the simulation predicts for the same traffic. */
export async function compare(processes, near) {
  const measured = await measure({ ...TRAFFIC, near, processes, requests: REQUESTS });
  const simulated = simulate({
    ...TRAFFIC,
    near,
    processes,
    requestsPerSecond: REQUESTS,
    seconds: 1,
    warmUpSeconds: 0,
    ttlSeconds: Infinity,
    factorySeconds: 0,
  });
  return (near ? NEAR_ROWS : ROWS).map(([what, predicted, counted]) => ({
    what,
    simulated: simulated[predicted],
    measured: measured[counted],
  }));
}

/** Returns the table of the page about real processes. */
export async function comparisonTable() {
  const rows = [];
  for (const near of [true, false]) {
    for (const processes of [2, 4, 8]) {
      for (const { what, simulated, measured } of await compare(processes, near)) {
        if (simulated === 0 && measured === 0) continue;
        const deviation = percent(measured / simulated - 1);
        rows.push([processes, near ? 'on' : 'off', what, simulated, measured, deviation]);
      }
    }
  }
  return table(HEAD, rows);
}
