import type { Operation } from './operation.js';
import { type Bench, cacheOperation, missing, present, storeEntry } from './cache-operation.js';

const STORED = 'stored';
/** More than the calls of one operation under one fault. */
const ENTRIES = 200;

/** Entries for the operations that remove them, with a tag each. */
async function storeMany({ cache }: Bench): Promise<void> {
  const names = Array.from({ length: ENTRIES }, (_, index) => `name-${index + 1}`);
  await Promise.all(names.map((name) => cache.getOrSet(name, async () => STORED, { tags: [name] })));
}

/** Runs what removes a name, and notes it: also what was not confirmed is repeated when Redis is back. */
async function remove(bench: Bench, run: (name: string) => Promise<boolean>): Promise<boolean> {
  const name = bench.fresh();
  bench.acknowledge(name, true);
  return run(name);
}

const stillServed = (bench: Bench): Promise<string[]> => present(bench, bench.acknowledged);
const notStored = (bench: Bench): Promise<string[]> => missing(bench, bench.acknowledged);

const group = 'cache';

export const CACHE_OPERATIONS: readonly Operation[] = [
  cacheOperation({
    name: 'isConnected',
    group,
    needs: 'reads',
    value: true,
    fallback: false,
    run: ({ cache }) => cache.isConnected(),
  }),
  cacheOperation({
    name: 'isWritable',
    group,
    needs: 'writes',
    value: true,
    fallback: false,
    run: ({ cache }) => cache.isWritable(),
  }),
  cacheOperation({
    name: 'cacheResponse',
    group,
    needs: 'writes',
    value: true,
    fallback: false,
    run: async (bench) => {
      const key = bench.fresh();
      return bench.acknowledge(key, await bench.cache.cacheResponse(key, STORED));
    },
    lost: notStored,
  }),
  cacheOperation({
    name: 'getCachedResponse',
    group,
    needs: 'reads',
    value: STORED,
    fallback: null,
    withoutData: null,
    prepare: (bench) => storeEntry(bench, STORED),
    run: ({ cache }) => cache.getCachedResponse('key'),
  }),
  cacheOperation({
    name: 'setMany',
    group,
    needs: 'writes',
    value: 'all stored',
    fallback: 'not all stored',
    run: async (bench) => {
      const keys = [bench.fresh(), bench.fresh()];
      const stored = await bench.cache.setMany(keys.map((key) => ({ key, response: STORED })));
      keys.forEach((key, index) => bench.acknowledge(key, stored[index]!));
      return stored.every(Boolean) ? 'all stored' : 'not all stored';
    },
    lost: notStored,
  }),
  cacheOperation({
    name: 'getMany',
    group,
    needs: 'reads',
    value: [STORED, null],
    fallback: [null, null],
    withoutData: [null, null],
    prepare: (bench) => storeEntry(bench, STORED),
    run: ({ cache }) => cache.getMany(['key', 'nothing']),
  }),
  cacheOperation({
    name: 'delete',
    group,
    needs: 'removes',
    value: true,
    fallback: false,
    prepare: storeMany,
    run: (bench) => remove(bench, (name) => bench.cache.delete(name)),
    lost: stillServed,
  }),
  cacheOperation({
    name: 'invalidateTags',
    group,
    needs: 'removes',
    value: true,
    fallback: false,
    prepare: storeMany,
    run: (bench) => remove(bench, (name) => bench.cache.invalidateTags(name)),
    lost: stillServed,
  }),
  cacheOperation({
    name: 'clearCache',
    group,
    needs: 'removes',
    value: true,
    fallback: false,
    prepare: (bench) => storeEntry(bench, STORED),
    run: ({ cache }) => cache.clearCache(),
    lost: (bench) => present(bench, ['key']),
  }),
  cacheOperation({
    name: 'close',
    group,
    needs: 'nothing',
    value: 'closed',
    fallback: 'closed',
    run: async ({ cache }) => {
      await cache.close();
      await cache.close();
      return (await cache.isConnected()) ? 'open' : 'closed';
    },
    isBack: async () => true,
  }),
];
