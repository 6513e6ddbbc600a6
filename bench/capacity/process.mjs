/**
 * One of several processes with seeded traffic. A line of input starts each step: wait for a computation of the parent
 * (prints `ready`), make the requests (prints the counts), end.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRedisCache } from 'nestjs-redis-cache';
import { requestsOf } from './arrivals.mjs';
import { keyName } from './costs.mjs';

const {
  url,
  near,
  keyPrefix,
  getOrSet,
  paced,
  seconds,
  factorySeconds,
  ttlSeconds,
  leaseMs,
  valueBytes,
  ...traffic
} = JSON.parse(process.argv[2]);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const cache = createRedisCache({
  connection: { url },
  commandTimeoutMs: 10_000,
  // JSON has no Infinity: the default TTL does not end during a measurement.
  ...(ttlSeconds !== null && { ttlSeconds }),
  ...(near && { near: near === true ? {} : near }),
  keyPrefix,
  getOrSet: { leaseMs, ...getOrSet },
});
const say = (text) => process.stdout.write(`${text}\n`);
const counts = { near: 0, redis: 0, computed: 0, collapsed: 0, invalidations: 0 };
/** A string of `valueBytes` bytes as JSON. */
const value = 'v'.repeat(valueBytes - 2);

async function compute() {
  if (factorySeconds > 0) await sleep(factorySeconds * 1_000);
  return value;
}

async function make({ key, isInvalidation }) {
  const name = keyName(key);
  if (isInvalidation) {
    counts.invalidations += 1;
    await cache.delete(name);
    return;
  }
  const { status, source } = await cache.getOrSetEntry(name, compute);
  if (status === 'miss') counts.computed += 1;
  else if (status === 'collapsed') counts.collapsed += 1;
  else counts[source] += 1;
}

async function makeInTurn() {
  for (const request of requestsOf(traffic)) {
    if (request.at >= seconds) return;
    await make(request);
  }
}

async function makeOnTime() {
  const running = [];
  const startedAt = performance.now();
  for (const request of requestsOf(traffic)) {
    if (request.at >= seconds) break;
    const waitMs = startedAt + request.at * 1_000 - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    running.push(make(request));
  }
  await Promise.all(running);
}

if (!(await cache.isConnected())) throw new Error('not connected');
await lines.next();
await cache.getOrSet('warm-up', () => Promise.reject(new Error('the parent computes this value')));
// Copies are made once notifications arrive.
if (near) {
  while ((await cache.getOrSetEntry(`warm ${traffic.seed}`, () => traffic.seed)).source !== 'near');
}
say('ready');
await lines.next();
await (paced ? makeOnTime() : makeInTurn());
say(JSON.stringify(counts));
await lines.next();
await cache.close();
process.exit();
