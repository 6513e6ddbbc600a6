import { readFileSync } from 'node:fs';

/** Only what a user should see of a run. */
const WARNINGS = { log() {}, warn: console.warn, error: console.error };
const NEAR = { maxBytes: 64 * 1024 * 1024, maxEntries: 10_000, staleSeconds: 0 };

/**
 * A build of this repository's library.
 *
 * @param {{ name: string, role: 'subject' | 'peer', entry: URL }} build `entry` is its `dist/core.js`
 * @returns {import('./contender').Contender}
 */
export function buildOfTheLibrary({ name, role, entry }) {
  return {
    name,
    role,
    version: () => JSON.parse(readFileSync(new URL('../package.json', entry), 'utf8')).version,
    async setup({ redisUrl, prefix, near, ttlSeconds }) {
      const { createRedisCache, RequestConsumer } = await import(entry.href);
      const options = { connection: { url: redisUrl }, keyPrefix: prefix, ttlSeconds };
      const create = (given) => createRedisCache(given, { logger: WARNINGS });
      const cache = near ? withNearCache(create, options) : create(options);
      if (cache === undefined) return { operations: {}, teardown() {} };
      if (!(await cache.isConnected())) throw new Error(`${name} has no connection to Redis`);
      const operations = { ...operationsOf(cache), ...queueOf(cache, RequestConsumer) };
      return { operations, teardown: () => cache.close() };
    },
  };
}

/** `undefined` if the build has no near cache. */
function withNearCache(create, options) {
  try {
    return create({ ...options, near: NEAR });
  } catch (error) {
    if (/near/.test(error.message)) return undefined;
    throw error;
  }
}

function operationsOf(cache) {
  return {
    get: (key) => cache.getCachedResponse(key),
    set: (key, value) => cache.cacheResponse(key, value),
    getOrSet: (key, factory) => cache.getOrSet(key, factory),
    getBytes: bytesOf(cache),
    ...streamOf(cache),
  };
}

/** No operation if the build has no streams. */
function streamOf(cache) {
  if (typeof cache.getOrStream !== 'function') return {};
  const pieces = { collect: (all) => [...all], replay: (all) => all };
  return { getOrStream: (key, factory) => cache.getOrStream(key, factory, pieces) };
}

/** Also for builds that have `getCachedBytes` instead. */
function bytesOf(cache) {
  if (typeof cache.getCachedBytes === 'function') return (key) => cache.getCachedBytes(key);
  return async (key) => (await cache.lookup(key, { as: 'bytes' })).json ?? null;
}

/** No operations if the build cannot reserve requests. */
function queueOf(cache, RequestConsumer) {
  const queue = typeof cache.queue === 'function' ? cache.queue() : cache;
  if (queue.reserveRequests === undefined) return {};
  const createConsumer = (options) => queue.createConsumer?.(options) ?? new RequestConsumer(queue, options); // builds before `createConsumer`
  return {
    enqueue: (value) => accepted(queue.queueRequest(value)),
    add: (value) => accepted(queue.queueRequest(value)),
    async take(count) {
      const held = await queue.reserveRequests(count, { leaseSeconds: 60 });
      const done = await queue.acknowledgeRequests(held.map(({ id }) => id));
      if (done.includes(false)) throw new Error('an acknowledgement had no effect');
      return held.map(({ data }) => data);
    },
    async clearQueue() {
      const length = await queue.getQueueLength();
      await queue.clearQueue();
      return length;
    },
    async work(concurrency, handle) {
      const consumer = createConsumer({ concurrency, handler: ({ data }) => handle(data) });
      consumer.start();
      return () => consumer.stop();
    },
  };
}

async function accepted(queued) {
  if (!(await queued)) throw new Error('a request was not queued');
}
