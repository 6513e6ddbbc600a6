/**
 * Mixed traffic over the libraries, until SIGTERM. SCENARIO is JSON: { url, seed, rate, name }: the Redis, the seed of
 * the order of operations, operations per second, and the name of the process. Runs with `probe.mjs`.
 *
 * Every operation takes keys of its own from a window that moves on, so that whatever is kept per key shows as growth.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRedisCache, RejectRequestError, TryLaterError } from 'nestjs-redis-cache';
import { createWorkerPool } from 'nestjs-worker-pool';
import { SoakExecutor } from './soak-executor.mjs';

const { url, seed, rate, name } = JSON.parse(process.env.SCENARIO);
const MAX_IN_FLIGHT = 24;
const WINDOW = 60;
const DRAIN_MS = 20_000;
/** What the contracts allow while Redis fails or tasks are refused; anything else is a finding. */
const ALLOWED = new Set([
  'AbortError',
  'FactoryTimeoutError',
  'PoolClosedError',
  'PoolSaturatedError',
  'PoolUnavailableError',
  'RemoteFactoryError',
  'ResultTimeoutError',
  'SourceError',
  'StreamInterruptedError',
  'TaskLostError',
  'TaskNotFoundError',
  'TaskStreamInterruptedError',
  'TimeoutError',
]);

class SourceError extends Error {
  name = 'SourceError';
}

const random = randomFrom(seed);
const chance = (part) => random() < part;
const below = (limit) => Math.floor(random() * limit);
const logger = { log: () => {}, warn: () => {}, error: () => {} };
const cacheOptions = {
  connection: { url },
  keyPrefix: 'soak',
  ttlSeconds: 5,
  near: { maxEntries: 200 },
  queue: { leaseSeconds: 2, maxDeliveries: 3, maxDeadLetters: 20, maxLength: 500 },
  getOrSet: { leaseMs: 1_000, failureBackoffMs: 200 },
  writeBehind: { maxEntries: 50 },
};
const poolOptions = {
  executor: new SoakExecutor(),
  concurrency: 4,
  maxBacklog: 50,
  resultTtlMs: 3_000,
  logger,
};
const remote = {
  driver: 'bullmq',
  connection: { url },
  keyPrefix: 'soak-pool',
  lockDurationMs: 1_000,
  stalledIntervalMs: 500,
  outageToleranceMs: 5_000,
  streamTtlMs: 1_000,
};
const cache = createRedisCache(cacheOptions, { logger });
const pools = [
  createWorkerPool({ ...poolOptions, maxResults: 200 }),
  createWorkerPool({
    ...poolOptions,
    ...remote,
    maxResults: 200,
    fallback: 'local',
    executor: new SoakExecutor(),
  }),
];
const consumer = cache.queue().createConsumer({ handler: handle, concurrency: 4, retryDelayMs: 50 });
const counts = { done: 0, refused: 0, unexpected: {} };
let moment = 0;

const key = () => `k${moment + below(WINDOW)}`;
// The versions of tags are kept for minutes, so that new ones come slowly.
const tag = () => `t${Math.floor(moment / 20) + below(5)}`;
const value = () => ({ text: 'x'.repeat(below(2_000)), at: Date.now() });

async function handle() {
  await sleep(below(20));
  if (chance(0.05)) throw new SourceError('a request failed');
  if (chance(0.02)) throw new RejectRequestError('nobody can handle it');
  if (chance(0.02)) throw new TryLaterError(50);
}

async function compute({ signal }) {
  await sleep(below(60), undefined, { signal });
  if (chance(0.1)) throw new SourceError('the source failed');
  return value();
}

async function* produce({ signal }) {
  for (let left = 1 + below(8); left > 0; left -= 1) {
    await sleep(below(25), undefined, { signal });
    yield `piece ${left} ${'y'.repeat(below(200))}`;
  }
  if (chance(0.1)) throw new SourceError('the stream failed');
}

function callOptions() {
  return {
    ...(chance(0.3) && { tags: [tag(), tag()] }),
    ...(chance(0.3) && { staleSeconds: 3, softTimeoutMs: below(30), ttlSeconds: 0.2 }),
    ...(chance(0.1) && { refreshAhead: 0.1 }),
    ...(chance(0.1) && { hardTimeoutMs: 1 + below(50) }),
    ...(chance(0.1) && { negativeTtlSeconds: 1 }),
    ...(chance(0.1) && { signal: AbortSignal.timeout(1 + below(80)) }),
    ...(chance(0.05) && { readPolicy: 'no-cache' }),
    ...(chance(0.05) && { writePolicy: 'no-store' }),
    ...(chance(0.05) && { shouldCache: () => false }),
  };
}

async function readStream() {
  const options = { ...callOptions(), collect: (pieces) => [...pieces], replay: (pieces) => pieces };
  const stream = await cache.getOrStream(`s${key()}`, produce, options);
  for await (const { length } of stream) if (length > 190) return;
}

async function useReservations() {
  const queue = cache.queue('reserved');
  await queue.queueRequests([value(), value(), value()]);
  const reserved = await queue.reserveRequests(3, { leaseSeconds: 1 });
  for (const { id } of reserved) {
    if (chance(0.6)) await queue.acknowledgeRequest(id);
    else if (chance(0.5)) await queue.releaseRequest(id);
    else if (chance(0.2)) await queue.extendLease(id);
  }
}

async function runTask(pool) {
  const request = { prompt: `${below(40)} ${key()}`, max_tokens: 1 + below(5) };
  const options = { timeoutMs: 5_000, ...(chance(0.3) && { deduplicationKey: key() }) };
  if (chance(0.4)) return pool.run(request, { ...options, signal: AbortSignal.timeout(2_000) });
  if (chance(0.5)) {
    const stream = await pool.stream(request, options);
    for await (const { index } of stream) if (index > 3) break;
    return stream.result();
  }
  const id = await pool.submit(request, options);
  if (chance(0.3)) return pool.cancel(id);
  return pool.getResult(id, { timeoutMs: 3_000 });
}

/** A cache and a pool that live for one task: whatever their end leaves behind shows as growth. */
async function liveShortly() {
  const other = createRedisCache({ ...cacheOptions, keyPrefix: 'soak-short' }, { logger });
  const pool = createWorkerPool({
    ...poolOptions,
    ...remote,
    role: 'producer',
    executor: new SoakExecutor(),
  });
  try {
    await other.getOrSet(key(), compute, callOptions());
    await pool.run({ prompt: `1 ${key()}` }, { signal: AbortSignal.timeout(1_000) });
  } finally {
    await Promise.all([other.close(), pool.close()]);
  }
}

const responses = () => [
  { key: key(), response: value() },
  { key: key(), response: 1, ttlSeconds: 1 },
];

/** Name, weight, operation. */
const OPERATIONS = [
  ['getCachedResponse', 10, () => cache.getCachedResponse(key())],
  ['cacheResponse', 6, () => cache.cacheResponse(key(), value())],
  ['lookup', 4, () => cache.lookup(key(), { as: 'bytes' })],
  ['setMany', 2, () => cache.setMany(responses())],
  ['getMany', 2, () => cache.getMany([key(), key(), key()])],
  ['delete', 2, () => cache.delete(chance(0.5) ? key() : [key(), key()])],
  ['getOrSet', 25, () => cache.getOrSet(key(), compute, callOptions())],
  ['getOrStream', 10, readStream],
  ['invalidateTags', 2, () => cache.invalidateTags(tag())],
  ['clearCache', 0.2, () => cache.clearCache()],
  ['queueRequest', 8, () => cache.queue().queueRequest(value())],
  ['reservations', 3, useReservations],
  ['another queue', 1, () => cache.queue('waited').queueRequest(value())],
  ['waitForRequest', 1, () => cache.queue('waited').waitForRequest({ timeoutMs: 1 + below(200) })],
  ['resume', 2, () => cache.resume(cache.ticketFor(key(), { ttlSeconds: 2 }), compute)],
  [
    'counters',
    2,
    () => cache.sharedCounters.add('soak', { calls: 1 }, { writer: name, sequence: Date.now() }),
  ],
  ['windows', 2, () => cache.sharedCounters.countInWindow(`window ${moment % 10}`, 1_000)],
  ['isWritable', 1, () => Promise.all([cache.isConnected(), cache.isWritable()])],
  ['queue stats', 1, () => cache.queue().getQueueStats()],
  ['local pool', 6, () => runTask(pools[0])],
  ['BullMQ pool', 6, () => runTask(pools[1])],
  ['pool stats', 0.5, () => Promise.all(pools.flatMap((pool) => [pool.health(), pool.stats()]))],
  ['short life', 0.3, liveShortly],
];
const TOTAL = OPERATIONS.reduce((sum, [, weight]) => sum + weight, 0);

function anyOperation() {
  let left = random() * TOTAL;
  return OPERATIONS.find(([, weight]) => (left -= weight) < 0) ?? OPERATIONS[0];
}

function refuse(error) {
  if (ALLOWED.has(error?.name)) return void (counts.refused += 1);
  const line = `${error?.name}: ${error?.message}`;
  counts.unexpected[line] = (counts.unexpected[line] ?? 0) + 1;
}

/** Names of the operations in flight, by their promises. */
const inFlight = new Map();
let isPaused = false;
const ending = new AbortController();

globalThis.soakTraffic = {
  pause: async () => {
    isPaused = true;
    await Promise.race([Promise.all(inFlight.keys()), sleep(DRAIN_MS, undefined, { ref: false })]);
  },
  resume: () => void (isPaused = false),
  report: () => ({ ...counts, inFlight: [...inFlight.values()] }),
};

async function generate() {
  while (!ending.signal.aborted) {
    await sleep(1_000 / rate);
    if (isPaused || inFlight.size >= MAX_IN_FLIGHT) continue;
    if (chance(0.1)) moment += 1;
    const [label, , operate] = anyOperation();
    const operation = (async () => operate())().then(() => (counts.done += 1), refuse);
    inFlight.set(operation, label);
    void operation.finally(() => inFlight.delete(operation));
  }
}

/** From 0 to 1, the same sequence for the same seed (mulberry32). */
function randomFrom(start) {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const stop = once(process, 'SIGTERM');
consumer.start();
process.stdout.write('ready\n');
const traffic = generate();
await stop;
ending.abort();
await traffic;
await globalThis.soakTraffic.pause();
await Promise.all([cache.close(), ...pools.map((pool) => pool.close())]);
process.stdout.write('closed\n');
