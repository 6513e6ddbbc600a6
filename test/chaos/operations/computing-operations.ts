import type { Operation } from './operation.js';
import { type Bench, cacheOperation, missing, storeEntry } from './cache-operation.js';

const STORED = 'stored';
const COMPUTED = 'computed';
const compute = async (): Promise<string> => COMPUTED;
const TEXT = {
  collect: (pieces: readonly string[]): string => pieces.join(''),
  replay: (text: string): string[] => [text],
};

async function* producePieces(): AsyncGenerator<string> {
  yield COMPUTED.slice(0, 4);
  yield COMPUTED.slice(4);
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

const group = 'computing';
const MISS = { needs: 'writes', value: [COMPUTED, 'stored'], fallback: [COMPUTED, 'not stored'] } as const;
const HIT = { needs: 'reads', value: STORED, fallback: COMPUTED, withoutData: COMPUTED } as const;

/** What a caller sees of a computed value; a paid value must be stored, at the latest when Redis is back. */
function outcome(bench: Bench, key: string, value: string, isStored: boolean): readonly [string, string] {
  bench.acknowledge(key, true);
  return [value, isStored ? 'stored' : 'not stored'];
}

export const COMPUTING_OPERATIONS: readonly Operation[] = [
  cacheOperation({
    name: 'getOrSet, stored',
    group,
    ...HIT,
    prepare: (bench) => storeEntry(bench, STORED),
    run: ({ cache }) => cache.getOrSet('key', compute, { writePolicy: 'no-store' }),
  }),
  cacheOperation({
    name: 'getOrSet, missing',
    group,
    ...MISS,
    run: async (bench) => {
      const key = bench.fresh();
      const { value, stored } = await bench.cache.getOrSetEntry(key, compute);
      return outcome(bench, key, value, stored);
    },
    lost: (bench) => missing(bench, bench.acknowledged),
  }),
  cacheOperation({
    name: 'getOrSet with tags',
    group,
    ...MISS,
    run: async (bench) => {
      const key = bench.fresh();
      const { value, stored } = await bench.cache.getOrSetEntry(key, compute, { tags: ['tag'] });
      // Without Redis the versions of the tags are unknown, so that the value cannot be stored later.
      return stored ? outcome(bench, key, value, true) : [value, 'not stored'];
    },
    lost: (bench) => missing(bench, bench.acknowledged),
  }),
  cacheOperation({
    name: 'getOrStream, stored',
    group,
    ...HIT,
    prepare: (bench) => storeEntry(bench, STORED),
    run: async ({ cache }) =>
      textOf(await cache.getOrStream('key', producePieces, { ...TEXT, writePolicy: 'no-store' })),
  }),
  cacheOperation({
    name: 'getOrStream, missing',
    group,
    ...MISS,
    run: async (bench) => {
      const key = bench.fresh();
      const stream = await bench.cache.getOrStream(key, producePieces, TEXT);
      const value = await textOf(stream);
      return outcome(bench, key, value, (await stream.collected()).stored);
    },
    lost: (bench) => missing(bench, bench.acknowledged),
  }),
];
