import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { counted } from '@test/get-or-set/factories.js';
import { createRedisCache } from '../create-redis-cache.js';
import type { RedisCacheService } from '../redis-cache.service.js';

const MAX_VALUE_BYTES = 1_000;

const nested = () => ({ list: [{ a: 1 }], map: { b: { c: 2 } } });

function circular(): Record<string, unknown> {
  const value: Record<string, unknown> = { list: [] };
  value['self'] = [value];
  return value;
}

function slow(): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve('slow'), 30));
}

function deep(): unknown {
  let value: unknown = 'bottom';
  for (let level = 0; level < 100_000; level += 1) value = [value];
  return value;
}

function throwing(): object {
  return {
    get trap(): never {
      throw new Error('a getter that throws');
    },
  };
}

function throwingPredicate(): never {
  throw new Error('a predicate that throws');
}

describe('a value of getOrSet', () => {
  let cache: RedisCacheService;
  let log: LogCapture;

  beforeEach(() => {
    log = new LogCapture();
    cache = createRedisCache({ backend: 'memory', maxValueBytes: MAX_VALUE_BYTES }, { logger: log });
  });

  afterEach(() => cache.close());

  it.each([
    ['zero', 0],
    ['false', false],
    ['an empty text', ''],
    ['null', null],
    ['an empty list', []],
    ['an object', { text: 'Grüße 👋', deep: [{ deeper: { x: 1 } }] }],
  ])('that is %s is a hit the second time', async (_what, value) => {
    const factory = counted<unknown>(() => value);
    const first = await cache.getOrSetEntry('key', factory);
    const second = await cache.getOrSetEntry('key', factory);
    expect([first.status, second.status]).toEqual(['miss', 'hit']);
    expect([first.source, second.source]).toEqual(['factory', 'redis']);
    expect([first.value, second.value]).toEqual([value, value]);
    expect([first.stored, second.stored]).toEqual([true, true]);
    expect(factory.calls).toBe(1);
  });

  it('is frozen all the way down, computed or stored', async () => {
    for (const status of ['miss', 'hit']) {
      const result = await cache.getOrSetEntry('key', nested);
      const { value } = result;
      expect(result.status).toBe(status);
      for (const part of [value, value.list, value.list[0], value.map, value.map.b]) {
        expect(Object.isFrozen(part)).toBe(true);
      }
      expect(() => (value.list[0]!.a = 2)).toThrow(TypeError);
    }
  });

  it('is one object for all callers during its computation', async () => {
    const values = await Promise.all(
      Array.from({ length: 5 }, () => cache.getOrSet('key', () => ({ a: 1 }))),
    );
    expect(new Set(values).size).toBe(1);
  });

  it('never makes a stored __proto__ a prototype', async () => {
    const hostile = JSON.parse('{"__proto__":{"admin":true}}') as Record<string, unknown>;
    await cache.getOrSet('key', () => hostile);
    const value = await cache.getOrSet<Record<string, unknown>>('key', () => ({}));
    expect(value['admin']).toBeUndefined();
    expect(Object.hasOwn(value, '__proto__')).toBe(true);
  });

  it.each<[string, () => unknown]>([
    ['undefined', () => undefined],
    ['a BigInt', () => 1n],
    ['a BigInt inside', () => ({ amount: [1n] })],
    ['circular', circular],
    ['a function', () => () => 1],
    ['nested 100,000 levels deep', deep],
    ['an object whose getter throws', throwing],
    ['too large', () => 'x'.repeat(MAX_VALUE_BYTES - 1)],
  ])('that is %s reaches all callers and is not stored', async (_what, make) => {
    const value = make();
    const factory = counted(() => value);
    const results = await Promise.all([1, 2, 3].map(() => cache.getOrSetEntry('key', factory)));
    for (const result of results) {
      expect(result.value === value).toBe(true);
      expect(result.stored).toBe(false);
    }
    expect(factory.calls).toBe(1);
    expect((await cache.getOrSetEntry('key', factory)).status).toBe('miss');
    expect(log.matching(/^A computed value was not cached: /)).toHaveLength(2);
  });

  it('of exactly the limit is stored', async () => {
    await cache.getOrSet('key', () => 'x'.repeat(MAX_VALUE_BYTES - 2));
    expect(await cache.getCachedResponse('key')).toHaveLength(MAX_VALUE_BYTES - 2);
  });

  it('that the predicate declines reaches all callers and is not stored', async () => {
    const factory = counted(() => 'refused');
    const options = { shouldCache: (value: unknown) => value !== 'refused' };
    const results = await Promise.all([1, 2].map(() => cache.getOrSetEntry('key', factory, options)));
    expect(results).toMatchObject(Array.from({ length: 2 }, () => ({ value: 'refused', stored: false })));
    expect(await cache.getCachedResponse('key')).toBeNull();
    expect(factory.calls).toBe(1);
    expect((await cache.getOrSetEntry('key', () => 'accepted', options)).stored).toBe(true);
  });

  it('reaches its callers although the predicate throws', async () => {
    expect(await cache.getOrSetEntry('key', () => 'paid', { shouldCache: throwingPredicate })).toMatchObject({
      value: 'paid',
      stored: false,
    });
    expect(log.matching(/a predicate that throws/)).toHaveLength(1);
  });

  it('is stored no longer than it allows', async () => {
    const options = { ttlSeconds: 60, maxTtlSeconds: (value: unknown) => Number(value) };
    const ttlOf = async (value: number): Promise<number | null> => {
      await cache.getOrSetEntry(`for ${value}`, () => value, options);
      const found = await cache.lookup(`for ${value}`);
      return found.status === 'hit' ? found.ttlSeconds : null;
    };
    expect(await ttlOf(20)).toBeCloseTo(20, 0);
    expect(await ttlOf(600)).toBeCloseTo(60, 0);
    expect([await ttlOf(0), await ttlOf(-1), await ttlOf(NaN)]).toEqual([null, null, null]);
  });

  it('reaches its callers although the function for its TTL throws', async () => {
    expect(
      await cache.getOrSetEntry('key', () => 'paid', { maxTtlSeconds: throwingPredicate }),
    ).toMatchObject({ value: 'paid', stored: false });
    expect(log.matching(/maxTtlSeconds returned no usable value/)).toHaveLength(1);
  });

  it('carries its age and remaining TTL', async () => {
    const found = { value: 'computed', status: 'miss', source: 'factory', key: 'key', stored: true };
    expect(await cache.getOrSetEntry('key', () => 'computed', { ttlSeconds: 60 })).toMatchObject({
      ...found,
      ageSeconds: expect.closeTo(0, 0),
      ttlSeconds: expect.closeTo(60, 0),
    });
  });

  it('carries the duration of its computation, also on a hit', async () => {
    const computed = await cache.getOrSetEntry('key', slow);
    expect(computed.durationMs).toBeGreaterThanOrEqual(29);
    expect(Number.isInteger(computed.durationMs)).toBe(true);
    const found = await cache.getOrSetEntry('key', slow);
    expect(found).toMatchObject({ status: 'hit', durationMs: computed.durationMs });
    expect(await cache.lookup('key')).toMatchObject({ status: 'hit', durationMs: computed.durationMs });
  });
});
