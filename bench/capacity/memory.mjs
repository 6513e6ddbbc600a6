import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { createRedisCache } from 'nestjs-redis-cache';
import { startRedis } from '../lib/redis-server.mjs';
import { HEADER_BYTES, keyName } from './costs.mjs';
import { percent, table } from './page.mjs';

const HEAP_PROCESS = fileURLToPath(new URL('heap-process.mjs', import.meta.url));
const SILENT = { log: () => {}, warn: () => {} };
const PREFIX = 'redis-cache:cache:{}';
/** A power of two, so that the hash tables of Redis have one slot for each entry. */
const ENTRIES = 8_192;
const WRITERS = 64;

/** What a copy takes in addition to its entry and its key: `ENTRY_OVERHEAD_BYTES` of near-cache.ts. */
export const COPY_OVERHEAD_BYTES = 300;
/** Of an object of Redis, and of a slot and an entry of its hash tables: of keys, and of times of expiry. */
const OBJECT = 16;
const SLOT = 8;
const TABLE_ENTRY = 24;
const SIZE_CLASSES_PER_DOUBLING = 4;
const QUANTUM = 16;

/** Rounds to the size that jemalloc gives: multiples of 16 up to 128, then four sizes for each doubling. */
export function allocated(bytes) {
  const power = 2 ** Math.floor(Math.log2(Math.max(bytes - 1, 1)));
  const step = Math.max(QUANTUM, power / SIZE_CLASSES_PER_DOUBLING);
  return Math.ceil(bytes / step) * step;
}

/** Bytes of a string of Redis: the header that its length needs, the text, and a zero. */
function stringBytes(length) {
  const widths = [
    [32, 1],
    [256, 3],
    [65_536, 5],
  ];
  const header = widths.find(([end]) => length < end)?.[1] ?? 9;
  return allocated(header + length + 1);
}

/** Predicts what an entry takes in Redis. */
export function redisBytes(keyLength, valueBytes) {
  const key = stringBytes(PREFIX.length + keyLength);
  const value = allocated(OBJECT) + stringBytes(HEADER_BYTES + valueBytes);
  return key + value + 2 * (SLOT + allocated(TABLE_ENTRY));
}

/** Predicts what a near copy takes, as `near.maxBytes` counts it. */
export const copyBytes = (keyLength, valueBytes) =>
  HEADER_BYTES + valueBytes + 2 * keyLength + COPY_OVERHEAD_BYTES;

/** Values by their shape: what they take when parsed depends on it. */
export const VALUES = {
  'a text of 200 bytes': { text: 'v'.repeat(189) },
  'a text of 2,000 bytes': { text: 'v'.repeat(1_989) },
  'a text of 20,000 bytes': { text: 'v'.repeat(19_989) },
  '100 numbers': Array.from({ length: 100 }, (_, index) => 1_000 + index),
  '40 small objects': Array.from({ length: 40 }, (_, index) => ({
    id: 1_000 + index,
    name: `name ${index}`,
  })),
};

/** Names of keys, all of the same length. */
export const memoryKeys = Array.from({ length: ENTRIES }, (_, index) => keyName(100_000 + index));

/** Predicted and measured bytes of an entry in Redis and of a near copy in the heap of a process. */
export async function compareMemory(name) {
  const value = VALUES[name];
  const redis = await startRedis();
  const client = new Redis(redis.url);
  const cache = createRedisCache({ connection: { url: redis.url } }, { logger: SILENT });
  try {
    await cache.isConnected();
    const before = await usedMemory(client);
    await fill(cache, value);
    const stored = ((await usedMemory(client)) - before) / ENTRIES;
    const heap = await heapPerCopy(redis.url);
    const keyLength = memoryKeys[0].length;
    const valueBytes = Buffer.byteLength(JSON.stringify(value));
    return {
      name,
      redis: { predicted: redisBytes(keyLength, valueBytes), measured: stored },
      near: { predicted: copyBytes(keyLength, valueBytes), measured: heap },
    };
  } finally {
    await cache.close();
    client.disconnect();
    await redis.end();
  }
}

async function fill(cache, value) {
  const keys = memoryKeys.values();
  const write = async () => {
    for (const key of keys) if (!(await cache.cacheResponse(key, value))) throw new Error('not stored');
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
}

async function usedMemory(client) {
  return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))[1]);
}

/** A process of its own, whose heap holds nothing else that grows. */
function heapPerCopy(url) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--expose-gc', HEAP_PROCESS, url], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', () => resolve(Number(output)));
  });
}

/** Returns the table of the page. */
export async function memoryTable() {
  const rows = [];
  for (const name of Object.keys(VALUES)) {
    const { redis, near } = await compareMemory(name);
    rows.push([name, cellOf(redis), cellOf(near)]);
  }
  return table(['value', 'bytes of an entry in Redis', 'bytes of a near copy'], rows);
}

function cellOf({ predicted, measured }) {
  const [from, to] = [predicted, measured].map((bytes) => Math.round(bytes).toLocaleString('en'));
  return `${from} → ${to} (${percent(measured / predicted - 1)})`;
}
