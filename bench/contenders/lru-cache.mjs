import { load, versionOf } from './packages.mjs';

/** @type {import('./contender').Contender} A map in this process that returns stored values by reference. */
export const lruCache = {
  name: 'lru-cache',
  role: 'baseline',
  version: () => versionOf('lru-cache'),
  async setup({ near }) {
    if (!near) return { operations: {}, teardown() {} };
    const { LRUCache } = load('lru-cache');
    const cache = new LRUCache({ max: 10_000 });
    return {
      operations: {
        get: (key) => cache.get(key),
        set: (key, value) => cache.set(key, value),
        getOrSet: (key) => cache.get(key),
      },
      teardown: () => cache.clear(),
    };
  },
};
