import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ControlledBackend } from '@test/fixtures/redis-cache/controlled-backend.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import * as fc from '@test/support/chance.js';
import { assemble, createRedisCache } from '../create-redis-cache.js';
import { resolveOptions } from '../options/redis-cache-options.schema.js';
import type { RedisCacheService } from '../redis-cache.service.js';

const changed = (): unknown => ({
  at: new Date(0),
  map: new Map([[1, 2]]),
  none: undefined,
  list: [NaN, -0],
});
const FORM = { at: '1970-01-01T00:00:00.000Z', map: {}, list: [null, 0] };
const pieces = { collect: changed, replay: (value: unknown) => [value] };
const LINE = /which JSON changes/;

async function* produce(): AsyncGenerator<unknown> {
  yield changed();
}

const anything = fc.anything({
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withSparseArray: true,
  withTypedArray: true,
  withBigInt: true,
});

describe('a value that JSON changes', () => {
  let cache: RedisCacheService;
  let log: LogCapture;

  beforeEach(() => {
    log = new LogCapture();
    cache = createRedisCache({ backend: 'memory' }, { logger: log });
  });

  afterEach(() => cache.close());

  it('is the same on a miss, for those who joined, and on a hit', async () => {
    const results = await Promise.all([1, 2].map(() => cache.getOrSetEntry('key', changed)));
    results.push(await cache.getOrSetEntry('key', changed));
    expect(results.map(({ status }) => status)).toEqual(['miss', 'collapsed', 'hit']);
    for (const { value } of results) {
      expect(value).toStrictEqual(FORM);
      expect(Object.isFrozen(value)).toBe(true);
    }
    expect(results[0]!.value).toBe(results[1]!.value);
  });

  it('is the same whether or not it is stored', async () => {
    const calls = [
      cache.getOrSet('declined', changed, { shouldCache: () => false }),
      cache.getOrSet('unstored', changed, { writePolicy: 'no-store' }),
      cache.getOrSet('recomputed', changed, { readPolicy: 'no-cache' }),
      cache.resume(cache.ticketFor('ticket'), changed).then(({ value }) => value),
    ];
    for (const value of await Promise.all(calls)) expect(value).toStrictEqual(FORM);
  });

  it('is given to shouldCache and maxTtlSeconds as the factory returned it', async () => {
    const seen: unknown[] = [];
    await cache.getOrSet('key', () => new Date(0), {
      shouldCache: (value) => seen.push(value) > 0,
      maxTtlSeconds: (value) => (seen.push(value), 60),
    });
    expect(seen).toEqual([new Date(0), new Date(0)]);
  });

  it('is the same in a stream, as pieces and collected', async () => {
    for (const status of ['miss', 'hit']) {
      const stream = await cache.getOrStream('stream', produce, pieces);
      expect(stream.status).toBe(status);
      const received: unknown[] = [];
      for await (const piece of stream) received.push(piece);
      expect(received).toStrictEqual([FORM]);
      expect((await stream.collected()).value).toStrictEqual(FORM);
    }
  });

  it('is the same without Redis, and is stored as such later', async () => {
    const backend = new ControlledBackend();
    const cut = assemble(resolveOptions(), backend, log);
    backend.down();
    const result = await cut.getOrSetEntry('key', changed);
    expect(result).toMatchObject({ status: 'bypass' });
    expect(result.value).toStrictEqual(FORM);
    await cut.close();
  });

  it('is reported once for each kind of key, with what changes', async () => {
    for (const key of ['user:1', 'user:2', 'order/1', 'a1b2', '77', 'üser:1'])
      await cache.getOrSet(key, changed);
    expect(log.matching(LINE)).toEqual([
      expect.stringContaining('of the keys "user…" contains NaN'),
      expect.stringContaining('of the keys "order…" contains NaN'),
      expect.stringContaining('A computed value contains NaN'),
    ]);
  });

  it('is not reported if little changes, and plain data is not copied', async () => {
    const plain = { list: [{ a: 1 }] };
    expect(await cache.getOrSet('plain', () => plain)).toBe(plain);
    expect(await cache.getOrSet('slight', () => ({ a: undefined, b: -0 }))).toStrictEqual({ b: 0 });
    expect(log.matching(LINE)).toEqual([]);
  });

  it('that no JSON can carry reaches its caller unchanged', async () => {
    const value = { amount: 1n, at: new Date(0) };
    expect(await cache.getOrSet('key', () => value)).toBe(value);
  });

  it('is the same on the miss and on the hit, whatever it is', async () => {
    let index = 0;
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        const key = `any:${(index += 1)}`;
        const miss = await cache.getOrSetEntry(key, () => value);
        const hit = await cache.getOrSetEntry(key, () => 'another');
        if (hit.status === 'miss') return;
        expect([miss.status, hit.status]).toEqual(['miss', 'hit']);
        expect(isDeepStrictEqual(miss.value, hit.value)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
