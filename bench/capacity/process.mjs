/** One of several processes with seeded traffic: says `ready`, runs on a line of input, prints its counts, ends on the next. */
import { createInterface } from 'node:readline';
import { createRedisCache } from 'nestjs-redis-cache';
import { randomFrom, sampler, zipfShares } from './zipf.mjs';

const { url, near, seed, requests, keys, exponent, invalidationShare } = JSON.parse(process.argv[2]);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const cache = createRedisCache({ connection: { url }, commandTimeoutMs: 10_000, ...(near && { near: {} }) });
const say = (text) => process.stdout.write(`${text}\n`);
const random = randomFrom(seed);
const nextKey = sampler(zipfShares(keys, exponent), random);
const counts = { near: 0, redis: 0, factory: 0, invalidations: 0 };

async function step() {
  const key = `key ${nextKey()}`;
  if (random() < invalidationShare) {
    counts.invalidations += 1;
    await cache.delete(key);
    return;
  }
  const { source } = await cache.getOrSetEntry(key, () => ({ key }));
  counts[source] += 1;
}

if (!(await cache.isConnected())) throw new Error('not connected');
// Copies are made once notifications arrive.
if (near) {
  while ((await cache.getOrSetEntry(`warm ${seed}`, () => seed)).source !== 'near');
}
say('ready');
await lines.next();
for (let done = 0; done < requests; done += 1) await step();
say(JSON.stringify(counts));
await lines.next();
await cache.close();
process.exit();
