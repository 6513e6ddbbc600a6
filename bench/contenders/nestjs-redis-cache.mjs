import { readFileSync } from 'node:fs';

const NEAR = { maxBytes: 64 * 1024 * 1024, maxEntries: 10_000, staleSeconds: 0 };

/**
 * A build of this repository's library.
 *
 * @param {{ name: string, role: 'subject' | 'peer', entry: URL }} build `entry` is its `dist/index.js`
 * @returns {import('./contender').Contender}
 */
export function buildOfTheLibrary({ name, role, entry }) {
  return {
    name,
    role,
    version: () => JSON.parse(readFileSync(new URL('../package.json', entry), 'utf8')).version,
    async setup({ redisUrl, prefix, near, ttlSeconds }) {
      const { createRedisCache } = await import(entry.href);
      const options = { connection: { url: redisUrl }, keyPrefix: prefix, ttlSeconds };
      const cache = near ? withNearCache(createRedisCache, options) : createRedisCache(options);
      if (cache === undefined) return { operations: {}, teardown() {} };
      if (!(await cache.isConnected())) throw new Error(`${name} has no connection to Redis`);
      return { operations: operationsOf(cache), teardown: () => cache.close() };
    },
  };
}

/** `undefined` where the build knows no near cache. */
function withNearCache(createRedisCache, options) {
  try {
    return createRedisCache({ ...options, near: NEAR });
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
    ...(typeof cache.getCachedBytes === 'function' && { getBytes: (key) => cache.getCachedBytes(key) }),
  };
}
