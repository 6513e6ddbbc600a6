/** Reads every entry into near copies, and prints the bytes of heap that each copy takes. */
import { createRedisCache } from 'nestjs-redis-cache';
import { memoryKeys } from './memory.mjs';

const SILENT = { log: () => {}, warn: () => {} };
const cache = createRedisCache(
  { connection: { url: process.argv[2] }, near: { maxBytes: 2 ** 30 } },
  { logger: SILENT },
);

function heapUsed() {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

async function read(key) {
  const { source } = await cache.getOrSetEntry(key, () => Promise.reject(new Error('not stored')));
  return source;
}

const sample = memoryKeys[0];
while ((await read(sample)) !== 'near');
const before = heapUsed();
for (const key of memoryKeys) await read(key);
const after = heapUsed();
if ((await read(memoryKeys.at(-1))) !== 'near') throw new Error('the copies do not fit');
process.stdout.write(String((after - before) / (memoryKeys.length - 1)));
await cache.close();
process.exit();
