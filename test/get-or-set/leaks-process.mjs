/**
 * A process that uses getOrSet in every way that could leave something behind, then closes its cache and
 * has to end by itself. Ends with one line of JSON: what is still there. Needs --expose-gc.
 *
 * OPTIONS is JSON: the options of the cache.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { createRedisCache } from 'nestjs-redis-cache';

const KEYS = 1_000;
const options = JSON.parse(process.env.OPTIONS);
// Silent, so that stderr shows only warnings of Node.
const logger = { log: () => {}, warn: () => {} };
const cache = createRedisCache({ ...options, maxValueBytes: 1_000 }, { logger });
const other = options.backend === 'memory' ? cache : createRedisCache(options, { logger });
/** Reachable only while the cache holds its computation. */
const computations = [];

const remember = ({ signal }) => computations.push(new WeakRef(signal));
const value = (context) => {
  remember(context);
  return 'value';
};
const failure = async (context) => {
  remember(context);
  throw new Error('no');
};
const untilAborted = (context) => {
  remember(context);
  return new Promise((_resolve, reject) => {
    context.signal.addEventListener('abort', () => reject(context.signal.reason));
  });
};
const ignore = () => {};

const shared = new AbortController();
const ways = [
  (key) => cache.getOrSet(key, value),
  (key) =>
    cache.getOrSet(key, value, { signal: shared.signal, hardTimeoutMs: 60_000, softTimeoutMs: 60_000 }),
  (key) => cache.getOrSet(key, value, { tags: ['tag'] }),
  (key) => cache.getOrSet(key, value, { shouldCache: () => false }),
  (key) => cache.getOrSet(key, value, { readPolicy: 'no-cache' }),
  (key) => cache.getOrSet(key, value, { writePolicy: 'no-store' }),
  (key) => cache.getOrSet(key, (context) => value(context).repeat(1_000)),
  (key) => cache.getOrSet(key, failure, { negativeTtlSeconds: 60 }),
  (key) => cache.getOrSet(key, untilAborted, { hardTimeoutMs: 5 }),
  (key) => cache.getOrSet(key, untilAborted, { signal: AbortSignal.timeout(5) }),
  (key) => cache.getOrSet(key, value, { signal: AbortSignal.abort() }),
  (key) => Promise.all([cache.getOrSet(key, value), cache.delete(key)]),
  // Stale at once: the second refreshes, ahead or behind, and fails in the background.
  (key) =>
    cache
      .getOrSet(key, value, { ttlSeconds: 0.001, staleSeconds: 60 })
      .then(() => cache.getOrSet(key, failure, { staleSeconds: 60, softTimeoutMs: 0 })),
  (key) =>
    cache
      .getOrSet(key, value)
      .then(() => cache.getOrSet(key, failure, { refreshAhead: 0.000001, ttlSeconds: 60 })),
  // Waits for another process.
  (key) => Promise.all([cache.getOrSet(key, value), other.getOrSet(key, value)]),
];

async function useAll(from, to) {
  const calls = [];
  for (let index = from; index < to; index += 1)
    calls.push(ways[index % ways.length](`key ${index}`).catch(ignore));
  await Promise.all(calls);
}

for (let from = 0; from < KEYS; from += 250) await useAll(from, from + 250);
await cache.invalidateTags('tag');
// A thousand callers that wait with one signal of the user.
const crowd = Array.from({ length: 1_000 }, () =>
  cache.getOrSet('crowd', untilAborted, { signal: shared.signal }),
);
setTimeout(() => shared.abort(), 5);
await Promise.allSettled(crowd);
// A caller that still waits for another process when the cache is closed.
if (other !== cache) {
  const held = other.getOrSet('held', () => new Promise(() => {}));
  held.catch(ignore);
  while ((await cache.lookup('key 0')).status !== 'hit') await turn();
  const waiting = cache.getOrSet('held', value);
  await turn();
  await cache.close();
  await waiting;
}
await Promise.all([cache.close(), other.close()]);
for (let round = 0; round < 10; round += 1) {
  await turn();
  globalThis.gc();
}
const alive = computations.filter((ref) => ref.deref() !== undefined).length;
process.stdout.write(`${JSON.stringify({ computations: computations.length, alive })}\n`);
