/**
 * Other libraries, set up as in their documentation. They are installed by `npm --prefix bench ci --ignore-scripts` and
 * measured with `--peers`.
 */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const require = createRequire(import.meta.url);

function installedVersion(name) {
  const file = require.resolve(name);
  const inside = join('node_modules', name) + sep;
  const folder = file.slice(0, file.lastIndexOf(inside) + inside.length);
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
}

/** @returns {import('./contender').Contender} */
function peer(name, setup) {
  return { name, role: 'peer', library: true, version: () => installedVersion(name), setup };
}

const bentocache = peer('bentocache', async ({ redisUrl, prefix, near, ttlSeconds }) => {
  const { BentoCache, bentostore } = await import('bentocache');
  const { redisDriver } = await import('bentocache/drivers/redis');
  const { memoryDriver } = await import('bentocache/drivers/memory');
  const { Redis } = await import('ioredis');
  const connection = new Redis(redisUrl);
  let store = bentostore();
  if (near) store = store.useL1Layer(memoryDriver({ maxItems: 10_000 }));
  store = store.useL2Layer(redisDriver({ connection }));
  const cache = new BentoCache({ default: 'all', prefix, ttl: ttlSeconds * 1000, stores: { all: store } });
  return {
    operations: {
      get: (key) => cache.get({ key }),
      set: (key, value) => cache.set({ key, value }),
      getOrSet: (key, factory) => cache.getOrSet({ key, factory }),
    },
    async teardown() {
      await cache.disconnectAll();
      connection.disconnect();
    },
  };
});

const cacheManager = peer('cache-manager', async ({ redisUrl, prefix, near, ttlSeconds }) => {
  const { createCache } = await import('cache-manager');
  const { default: KeyvRedis } = await import('@keyv/redis');
  const { Keyv } = await import('keyv');
  const redis = new Keyv({ store: new KeyvRedis(redisUrl), namespace: prefix, useKeyPrefix: false });
  const cache = createCache({ stores: near ? [new Keyv(), redis] : [redis], ttl: ttlSeconds * 1000 });
  return {
    operations: {
      get: (key) => cache.get(key),
      set: (key, value) => cache.set(key, value),
      getOrSet: (key, factory) => cache.wrap(key, factory),
    },
    teardown: () => cache.disconnect(),
  };
});

const cacheable = peer('cacheable', async ({ redisUrl, prefix, near, ttlSeconds }) => {
  const { Cacheable } = await import('cacheable');
  const { createKeyv } = await import('@keyv/redis');
  const redis = createKeyv(redisUrl, { namespace: prefix });
  const stores = near ? { secondary: redis } : { primary: redis };
  const cache = new Cacheable({ ...stores, ttl: ttlSeconds * 1000 });
  return {
    operations: {
      get: (key) => cache.get(key),
      set: (key, value) => cache.set(key, value),
      getOrSet: (key, factory) => cache.getOrSet(key, factory),
    },
    teardown: () => cache.disconnect(),
  };
});

/** Its cache has no plain get and set, so those of its storage are measured. */
const asyncCacheDedupe = peer('async-cache-dedupe', async ({ redisUrl, prefix, near, ttlSeconds }) => {
  const { createCache, createStorage } = await import('async-cache-dedupe');
  const { Redis } = await import('ioredis');
  const client = new Redis(redisUrl);
  const type = near ? 'memory' : 'redis';
  const options = near ? { size: 10_000 } : { client };
  const storage = createStorage(type, options);
  const nameOf = (key) => `${prefix}:${key}`;
  const cache = createCache({ ttl: ttlSeconds, storage: { type, options } });
  cache.define('value', { serialize: ({ key }) => nameOf(key) }, ({ factory }) => factory());
  const stored = (key) => `value~${nameOf(key)}`;
  return {
    operations: {
      get: (key) => storage.get(stored(key)),
      set: async (key, value) => {
        await storage.set(stored(key), value, ttlSeconds);
        return true;
      },
      getOrSet: near ? undefined : (key, factory) => cache.value({ key, factory }),
    },
    teardown: () => client.disconnect(),
  };
});

/** Hand-written code on a client: what the libraries add to it is their cost. */
const nodeRedis = peer('redis', async ({ redisUrl, prefix, near, ttlSeconds }) => {
  if (near) return { operations: {}, teardown() {} };
  const { createClient } = await import('redis');
  const client = await createClient({ url: redisUrl })
    .on('error', () => {})
    .connect();
  return clientSession({
    prefix,
    read: (name) => client.get(name),
    write: (name, text) => client.set(name, text, { expiration: { type: 'EX', value: ttlSeconds } }),
    teardown: () => client.destroy(),
  });
});

const glide = peer('@valkey/valkey-glide', async ({ redisUrl, prefix, near, ttlSeconds }) => {
  if (near) return { operations: {}, teardown() {} };
  const { GlideClient, TimeUnit } = await import('@valkey/valkey-glide');
  const { hostname, port } = new URL(redisUrl);
  const client = await GlideClient.createClient({ addresses: [{ host: hostname, port: Number(port) }] });
  const expiry = { type: TimeUnit.Seconds, count: ttlSeconds };
  return clientSession({
    prefix,
    read: (name) => client.get(name),
    write: (name, text) => client.set(name, text, { expiry }),
    teardown: () => client.close(),
  });
});

function clientSession({ prefix, read, write, teardown }) {
  const nameOf = (key) => `${prefix}:${key}`;
  const get = async (key) => JSON.parse(await read(nameOf(key)));
  const set = (key, value) => write(nameOf(key), JSON.stringify(value));
  const getOrSet = async (key, factory) => {
    const found = await get(key);
    if (found !== null) return found;
    const value = await factory();
    await set(key, value);
    return value;
  };
  return { operations: { get, set, getOrSet }, teardown };
}

/** @type {import('./contender').Contender[]} */
export const peers = [bentocache, cacheManager, cacheable, asyncCacheDedupe, nodeRedis, glide];
