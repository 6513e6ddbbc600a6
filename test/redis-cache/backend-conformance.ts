/**
 * The nine operations, with exactly the results that every backend must return. Run by the
 * `conformance-*.int-spec.ts` files on every kind of backend.
 *
 *   backendConformance('memory', async () => ({ options: { backend: 'memory' }, stop: async () => {} }));
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  InvalidKeyError,
  InvalidTtlError,
  MAX_KEY_LENGTH,
  type RedisCacheOptions,
  type RedisCacheService,
  ValueTooLargeError,
} from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { until } from '@test/support/index.js';
import { queueConformance } from './queue-conformance.js';

export interface BackendUnderTest {
  /** Options of a cache on this backend. */
  options: RedisCacheOptions;
  stop(): Promise<unknown>;
}

const UNWRITABLE: [string, () => unknown][] = [
  ['undefined', () => undefined],
  ['a function', () => () => 1],
  ['a symbol', () => Symbol('s')],
  ['a BigInt', () => 1n],
  ['a BigInt inside', () => ({ list: [{ amount: 1n }] })],
  ['a circular value', circular],
];

function circular(): unknown {
  const value: Record<string, unknown> = {};
  value['self'] = [value];
  return value;
}

export function backendConformance(name: string, setUp: () => Promise<BackendUnderTest>): void {
  describe(`the nine operations on ${name}`, () => {
    let backend: BackendUnderTest;
    let caches: Caches;

    beforeAll(async () => {
      LogCapture.start();
      backend = await setUp();
      caches = new Caches(backend.options);
    });

    afterEach(() => caches.closeAll());

    afterAll(async () => {
      await backend?.stop();
    });

    const open = (options: RedisCacheOptions = {}): RedisCacheService =>
      caches.create({ keyPrefix: freshPrefix(), ...options });

    describe('isConnected', () => {
      it('is true', async () => {
        const cache = open();
        expect(await cache.isConnected()).toBe(true);
        expect(await cache.isWritable()).toBe(true);
        expect(cache.getStatus()).toMatchObject({ phase: 'serving', breaker: 'closed', writable: true });
      });
    });

    describe('cacheResponse and getCachedResponse', () => {
      it.each([
        ['an object', { text: 'Grüße 👋', list: [1, -0.5, 1e21, null, true, ''], deep: { deeper: {} } }],
        ['a text', 'text'],
        ['an empty text', ''],
        ['zero', 0],
        ['false', false],
        ['a list', []],
        ['control characters', '\0\u0001\r\n'],
        ['a lone surrogate', '\ud800'],
      ])('return %s', async (_what, value) => {
        const cache = open();
        expect(await cache.cacheResponse('key', value)).toBe(true);
        expect(await cache.getCachedResponse('key')).toEqual(value);
      });

      it('return null for a key that was never stored', async () => {
        expect(await open().getCachedResponse('nothing')).toBeNull();
      });

      it('distinguish a stored null from a miss only in lookup', async () => {
        const cache = open();
        expect(await cache.cacheResponse('key', null)).toBe(true);
        expect(await cache.getCachedResponse('key')).toBeNull();
        expect(await cache.lookup('key')).toMatchObject({ status: 'hit', value: null });
        expect(await cache.lookup('nothing')).toEqual({ status: 'miss' });
      });

      it('replace a value and its TTL', async () => {
        const cache = open();
        await cache.cacheResponse('key', 'old', 10);
        await cache.cacheResponse('key', 'new', 1_000);
        const found = await cache.lookup('key');
        expect(found).toMatchObject({ status: 'hit', value: 'new' });
        expect(found).toHaveProperty('ttlSeconds', expect.closeTo(1_000, -2));
      });

      it('drop an entry after its TTL, not before', async () => {
        const cache = open();
        let startedAt = 0;
        // Repeats only if the machine pauses for the whole TTL.
        await until(
          async () => {
            startedAt = performance.now();
            expect(await cache.cacheResponse('key', 'value', 0.6)).toBe(true);
            return (await cache.getCachedResponse('key')) === 'value';
          },
          { what: 'the entry to be stored' },
        );
        await cache.cacheResponse('other', 'value', 60);
        await until(async () => (await cache.getCachedResponse('key')) === null, {
          what: 'the entry to expire',
        });
        expect(performance.now() - startedAt).toBeGreaterThanOrEqual(590);
        expect(await cache.getCachedResponse('other')).toBe('value');
      });

      it.each(['}', '{', '{a}b', 'a}:b{c', '__proto__', 'constructor', ' ', '\n\0', 'Grüße 👋', '*?[a]\\'])(
        'take the key %j literally',
        async (key) => {
          const cache = open();
          expect(await cache.cacheResponse(key, { stored: key })).toBe(true);
          expect(await cache.getCachedResponse(key)).toEqual({ stored: key });
          expect(await cache.getCachedResponse(`${key}}`)).toBeNull();
        },
      );

      it('accept the longest key, and distinguish it from one that differs at the end', async () => {
        const cache = open();
        const [key, other] = ['x', 'y'].map((last) => 'x'.repeat(MAX_KEY_LENGTH - 1) + last);
        expect(await cache.cacheResponse(key!, 'value')).toBe(true);
        expect(await cache.getCachedResponse(key!)).toBe('value');
        expect(await cache.getCachedResponse(other!)).toBeNull();
      });

      it.each(UNWRITABLE)('return false for %s and keep the previous value', async (_what, make) => {
        const cache = open();
        await cache.cacheResponse('key', 'former');
        expect(await cache.cacheResponse('key', make())).toBe(false);
        expect(await cache.getCachedResponse('key')).toBe('former');
        expect(cache.getStatus().breaker).toBe('closed');
      });

      it('never let a stored __proto__ become a prototype', async () => {
        const cache = open();
        const hostile: unknown = JSON.parse('{"__proto__":{"admin":true},"a":1}');
        await cache.cacheResponse('key', hostile);
        const value = await cache.getCachedResponse<Record<string, unknown>>('key');
        expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
        expect(value?.['admin']).toBeUndefined();
        expect(JSON.stringify(value)).toBe('{"__proto__":{"admin":true},"a":1}');
      });

      it('store a megabyte', async () => {
        const cache = open();
        const value = 'ü'.repeat(500_000);
        expect(await cache.cacheResponse('key', value)).toBe(true);
        expect(await cache.getCachedResponse('key')).toBe(value);
      });

      it('throw for wrong arguments and name them', async () => {
        const cache = open({ maxValueBytes: 10 });
        const key = { constructor: InvalidKeyError, field: 'promptHash' };
        await expect(cache.cacheResponse('', 1)).rejects.toMatchObject(key);
        await expect(cache.cacheResponse('x'.repeat(MAX_KEY_LENGTH + 1), 1)).rejects.toMatchObject(key);
        await expect(cache.cacheResponse('\ud800', 1)).rejects.toMatchObject(key);
        await expect(cache.getCachedResponse('')).rejects.toMatchObject(key);
        await expect(cache.getCachedResponse(7 as never)).rejects.toMatchObject(key);
        for (const ttl of [0, -1, Number.NaN, Infinity, '60' as never, null as never]) {
          const wrong = { constructor: InvalidTtlError, field: 'ttlSeconds' };
          await expect(cache.cacheResponse('key', 1, ttl)).rejects.toMatchObject(wrong);
        }
        const tooLarge = { constructor: ValueTooLargeError, field: 'response', bytes: 11, limit: 10 };
        await expect(cache.cacheResponse('key', 'x'.repeat(9))).rejects.toMatchObject(tooLarge);
        expect(await cache.cacheResponse('key', 'x'.repeat(8))).toBe(true);
      });
    });

    describe('clearCache', () => {
      it('removes every entry and no request of the queue', async () => {
        const cache = open();
        const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
        await Promise.all(keys.map((key) => cache.cacheResponse(key, key)));
        await cache.queueRequest('waits');
        expect(await cache.clearCache()).toBe(true);
        const left = await Promise.all(keys.map((key) => cache.getCachedResponse(key)));
        expect(left.every((value) => value === null)).toBe(true);
        expect(await cache.dequeueRequest()).toBe('waits');
      });

      it('returns true if there is nothing to clear', async () => {
        expect(await open().clearCache()).toBe(true);
      });
    });

    queueConformance(open, UNWRITABLE);

    describe('close', () => {
      it('makes every operation return its fallback, and can be called again', async () => {
        const cache = open();
        await cache.cacheResponse('key', 'value');
        await cache.queueRequest('waits');
        await Promise.all([cache.close(), cache.close()]);
        await cache.close();
        expect(await cache.isConnected()).toBe(false);
        expect(await cache.isWritable()).toBe(false);
        expect(await cache.cacheResponse('key', 'value')).toBe(false);
        expect(await cache.getCachedResponse('key')).toBeNull();
        expect(await cache.lookup('key')).toEqual({ status: 'bypass' });
        expect(await cache.queueRequest('request')).toBe(false);
        expect(await cache.dequeueRequest()).toBeNull();
        expect(await cache.getQueueLength()).toBe(0);
        expect(await cache.clearCache()).toBe(false);
        expect(await cache.clearQueue()).toBe(false);
        expect(cache.getStatus().phase).toBe('closed');
      });

      it('can be the first call', async () => {
        const cache = open();
        await cache.close();
        expect(await cache.isConnected()).toBe(false);
      });
    });
  });
}
