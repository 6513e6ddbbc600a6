import { load, versionOf } from './packages.mjs';

/** @type {import('./contender').Contender} What one would write by hand, on ioredis as it comes. */
export const ioredis = {
  name: 'ioredis',
  role: 'baseline',
  version: () => versionOf('ioredis'),
  async setup({ redisUrl, prefix, near, ttlSeconds }) {
    if (near) return { operations: {}, teardown() {} };
    const { Redis } = load('ioredis');
    const client = new Redis(redisUrl);
    await client.ping();
    const ttlMs = ttlSeconds * 1000;
    const nameOf = (key) => `${prefix}:${key}`;
    return {
      operations: {
        get: async (key) => JSON.parse(await client.get(nameOf(key))),
        set: (key, value) => client.set(nameOf(key), JSON.stringify(value), 'PX', ttlMs),
      },
      teardown: () => client.disconnect(),
    };
  },
};
