import { createRedisCache } from 'nestjs-redis-cache';
import { startRedis } from '../lib/redis-server.mjs';
import { measure } from './measure.mjs';
import { observe } from './observer.mjs';
import { table } from './page.mjs';

const PROCESSES = 8;
const COMMON = {
  processes: PROCESSES,
  paced: true,
  near: true,
  exponent: 0.9,
  seed: 1,
  valueBytes: 2_000,
  keys: 300,
  requestsPerSecond: 30,
  seconds: 10,
  invalidationShare: 0,
  ttlSeconds: 2,
  factorySeconds: 0.05,
  leaseMs: 5_000,
};
export const HOT = { ...COMMON, near: false, keys: 1, requestsPerSecond: 100, seconds: 6 };
const SLOW = { ...COMMON, near: false, factorySeconds: 6, ttlSeconds: 5, seconds: 15 };

/** Traffic that meets a limit, and the settings that are compared. */
export const LIMITS = {
  'fan-out of messages': [
    ['`near: {}`, `ttlSeconds: 2`', COMMON],
    ['`ttlSeconds: 10`', { ...COMMON, ttlSeconds: 10 }],
    ["`near.invalidation: 'pubsub'`", { ...COMMON, near: { invalidation: 'pubsub' } }],
    ['a `keyPrefix` for each 4 processes', { ...COMMON, groups: 2 }],
    ['without `near`', { ...COMMON, near: false }],
  ],
  'a hot key': [
    ['without `near`', HOT],
    ['`near: {}`', { ...HOT, near: true }],
  ],
  'polling of waiters': [
    ['defaults, `ttlSeconds: 5`', SLOW],
    ['`leaseMs: 1000`: pauses do not grow', { ...SLOW, leaseMs: 1_000 }],
    ['without the right to subscribe', { ...SLOW, channels: false }],
    ['`ttlSeconds: 60`', { ...SLOW, ttlSeconds: 60 }],
    ['`staleSeconds: 60`, `softTimeoutMs: 0`', { ...SLOW, getOrSet: { staleSeconds: 60, softTimeoutMs: 0 } }],
    ['`refreshAhead: 0.5`', { ...SLOW, getOrSet: { refreshAhead: 0.5 } }],
  ],
};
const COLUMNS = [
  ['computations', 'computed'],
  ['callers that wait', 'collapsed'],
  ['polls', 'polls'],
  ['commands', 'commands'],
  ['messages', 'messages'],
  ['kB from Redis', 'bytesFromRedis', 1_000],
];

/** Returns the table of the page: what each setting changes, with real processes. */
export async function effectsTable() {
  const rows = [];
  for (const [limit, settings] of Object.entries(LIMITS)) {
    for (const [setting, traffic] of settings)
      rows.push([limit, setting, ...cellsOf(await measure(traffic))]);
  }
  return table(['limit', 'setting', ...COLUMNS.map(([name]) => name)], rows);
}

/** Requests that go through the queue, and how many at once. */
const REQUESTS = 1_000;
const BATCHES = [1, 10, 100];
const SILENT = { log: () => {}, warn: () => {} };
const REQUEST = { prompt: 'v'.repeat(1_985) };

/** Counts the commands that add `REQUESTS` requests, and those that reserve and acknowledge them. */
export async function measureQueue(batch) {
  const redis = await startRedis();
  const cache = createRedisCache({ connection: { url: redis.url } }, { logger: SILENT });
  const queue = cache.queue();
  const counted = async (work) => {
    const observer = await observe(redis.url, { near: false, channels: false }, []);
    for (let done = 0; done < REQUESTS; done += batch) await work();
    return observer.end();
  };
  try {
    await cache.isConnected();
    const added = await counted(() => queue.queueRequests(Array.from({ length: batch }, () => REQUEST)));
    const taken = await counted(async () => {
      const requests = await queue.reserveRequests(batch);
      await queue.acknowledgeRequests(requests.map(({ id }) => id));
    });
    if ((await cache.getQueueLength()) !== 0) throw new Error('requests are left in the queue');
    return { batch, added, taken };
  } finally {
    await cache.close();
    await redis.end();
  }
}

/** Returns the table of the page: commands of a queue, by the number of requests at once. */
export async function queueTable() {
  const rows = [];
  for (const batch of BATCHES) {
    const { added, taken } = await measureQueue(batch);
    const [bytesIn, bytesOut] = [added, taken].map((counts) => counts.bytesToRedis + counts.bytesFromRedis);
    rows.push([
      batch,
      written(added.all),
      written(taken.all),
      ...[bytesIn, bytesOut].map((bytes) => written(bytes / 1_000)),
    ]);
  }
  return table(QUEUE_HEAD, rows);
}

const QUEUE_HEAD = [
  'requests at once',
  'commands to add 1,000',
  'commands to reserve and acknowledge 1,000',
  'kB to add them',
  'kB to reserve and acknowledge them',
];
const written = (count) => Math.round(count).toLocaleString('en');

const cellsOf = (counts) => COLUMNS.map(([, name, unit = 1]) => written(counts[name] / unit));
