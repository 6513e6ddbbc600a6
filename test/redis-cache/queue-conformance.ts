/** The queue's part of `backend-conformance.ts`. */
import { describe, expect, it } from '@jest/globals';
import { type RedisCacheOptions, type RedisCacheService, ValueTooLargeError } from 'nestjs-redis-cache';
import { freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { reservationConformance } from './reservation-conformance.js';

type Open = (options?: RedisCacheOptions) => RedisCacheService;

const PRODUCERS = 20;
const REQUESTS_EACH = 25;
const TOTAL = PRODUCERS * REQUESTS_EACH;
const GIVE_UP_MS = 20_000;

interface Numbered {
  producer: number;
  number: number;
}

export function queueConformance(open: Open, unwritable: [string, () => unknown][]): void {
  reservationConformance(open);

  describe('the queue', () => {
    it('returns each request once, in the order of arrival', async () => {
      const cache = open();
      const requests = Array.from({ length: 100 }, (_, index) => ({ index }));
      for (const request of requests) expect(await cache.queueRequest(request)).toBe(true);
      expect(await cache.getQueueLength()).toBe(100);
      for (const request of requests) expect(await cache.dequeueRequest()).toEqual(request);
      expect(await cache.dequeueRequest()).toBeNull();
      expect(await cache.getQueueLength()).toBe(0);
    });

    it('keeps the order after it was empty', async () => {
      const cache = open();
      for (const request of ['one', 'two', 'three']) {
        expect(await cache.dequeueRequest()).toBeNull();
        await cache.queueRequest(request);
        expect(await cache.dequeueRequest()).toBe(request);
      }
    });

    it.each([0, false, '', [], { a: { b: ['Grüße 👋', '\0'] } }])('carries %j', async (request) => {
      const cache = open();
      expect(await cache.queueRequest(request)).toBe(true);
      expect(await cache.dequeueRequest()).toEqual(request);
    });

    it('never lets a queued __proto__ become a prototype', async () => {
      const cache = open();
      await cache.queueRequest(JSON.parse('{"__proto__":{"admin":true}}'));
      const request = await cache.dequeueRequest<Record<string, unknown>>();
      expect(Object.getPrototypeOf(request)).toBe(Object.prototype);
      expect(request?.['admin']).toBeUndefined();
    });

    it.each(unwritable)('returns false for %s and does not change', async (_what, make) => {
      const cache = open();
      expect(await cache.queueRequest(make())).toBe(false);
      expect(await cache.getQueueLength()).toBe(0);
    });

    it('returns false at maxLength, and accepts requests again after one was dequeued', async () => {
      const cache = open({ queue: { maxLength: 3 } });
      for (let request = 0; request < 3; request += 1) expect(await cache.queueRequest(request)).toBe(true);
      expect(await cache.queueRequest('too many')).toBe(false);
      expect(await cache.getQueueLength()).toBe(3);
      expect(await cache.dequeueRequest()).toBe(0);
      expect(await cache.queueRequest(3)).toBe(true);
      expect(cache.getStatus()).toMatchObject({ breaker: 'closed', writable: true });
    });

    it('never exceeds maxLength under 50 concurrent producers', async () => {
      const queue = { maxLength: 7 };
      const keyPrefix = freshPrefix();
      // On Redis the producers share the queue across connections.
      const caches = Array.from({ length: 5 }, () => open({ queue, keyPrefix }));
      const shared = caches[0]!.getStatus().backend === 'redis' ? caches : caches.slice(0, 1);
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, request) => shared[request % shared.length]!.queueRequest(request)),
      );
      expect(answers.filter(Boolean)).toHaveLength(7);
      expect(await caches[0]!.getQueueLength()).toBe(7);
    });

    it('queues several at once until it is full, and dequeues several at once', async () => {
      const cache = open({ queue: { maxLength: 3 } });
      expect(await cache.queue().queueRequests([1, undefined, 2, 3, 4])).toEqual([
        true,
        false,
        true,
        true,
        false,
      ]);
      expect(await cache.queue().queueRequests([])).toEqual([]);
      expect(await cache.queue().dequeueRequests(2)).toEqual([1, 2]);
      expect(await cache.queue().dequeueRequests(2)).toEqual([3]);
      expect(await cache.queue().dequeueRequests(2)).toEqual([]);
    });

    it('sends none of several when one is too large', async () => {
      const cache = open({ queue: { maxRequestBytes: 10 } });
      await expect(cache.queue().queueRequests([1, 'x'.repeat(9)])).rejects.toThrow(ValueTooLargeError);
      expect(await cache.getQueueLength()).toBe(0);
    });

    it('throws for a request above maxRequestBytes', async () => {
      const cache = open({ queue: { maxRequestBytes: 10 } });
      const tooLarge = { constructor: ValueTooLargeError, field: 'request', bytes: 11, limit: 10 };
      await expect(cache.queueRequest('x'.repeat(9))).rejects.toMatchObject(tooLarge);
      expect(await cache.queueRequest('x'.repeat(8))).toBe(true);
    });

    it('is empty after clearQueue, which does not touch the cache', async () => {
      const cache = open();
      await cache.cacheResponse('key', 'value');
      for (let request = 0; request < 10; request += 1) await cache.queueRequest(request);
      await cache.dequeueRequest();
      expect(await cache.clearQueue()).toBe(true);
      expect(await cache.getQueueLength()).toBe(0);
      expect(await cache.dequeueRequest()).toBeNull();
      expect(await cache.getCachedResponse('key')).toBe('value');
      expect(await cache.clearQueue()).toBe(true);
      await cache.queueRequest('after');
      expect(await cache.dequeueRequest()).toBe('after');
    });

    it('is separate from a queue with another name', async () => {
      const [one, two] = [open({ queue: { name: 'one' } }), open({ queue: { name: 'two}' } })];
      await one.queueRequest('of one');
      await two.queueRequest('of two');
      expect(await two.dequeueRequest()).toBe('of two');
      expect(await two.dequeueRequest()).toBeNull();
      expect(await one.dequeueRequest()).toBe('of one');
    });

    it('returns the statistics of several queues at once', async () => {
      const cache = open();
      const names = ['waiting', 'dead', 'empty', 'never used'];
      for (const name of names.slice(0, 3)) await cache.queue(name).queueRequest('one');
      await cache.queue('empty').dequeueRequest();
      const reserved = await cache.queue('dead').reserveRequest();
      await cache.queue('dead').rejectRequest(reserved!.id);
      const all = await Promise.all(names.map((name) => cache.queue(name).getQueueStats()));
      expect(all.map(({ waiting, dead }) => [waiting, dead])).toEqual([
        [1, 0],
        [0, 1],
        [0, 0],
        [0, 0],
      ]);
      expect(all[3]).toEqual(await cache.queue('never used').getQueueStats());
    });

    it('delivers each request once and in order per producer, with 20 producers and 20 consumers', async () => {
      const cache = open();
      let taken = 0;
      const refused: number[] = [];
      const produce = async (producer: number): Promise<void> => {
        for (let number = 0; number < REQUESTS_EACH; number += 1) {
          if (!(await cache.queueRequest({ producer, number }))) refused.push(number);
        }
      };
      const consume = async (): Promise<Numbered[]> => {
        const own: Numbered[] = [];
        const giveUpAt = performance.now() + GIVE_UP_MS;
        while (taken + refused.length < TOTAL && performance.now() < giveUpAt) {
          const request = await cache.dequeueRequest<Numbered>();
          if (request === null) continue;
          taken += 1;
          own.push(request);
        }
        return own;
      };
      const producing = Promise.all(Array.from({ length: PRODUCERS }, (_, producer) => produce(producer)));
      const consumed = await Promise.all(Array.from({ length: PRODUCERS }, consume));
      await producing;
      expect(refused).toEqual([]);
      expectEachOnce(consumed.flat());
      for (const own of consumed) expectOrderPerProducer(own);
      expect(await cache.dequeueRequest()).toBeNull();
    });
  });
}

function expectEachOnce(requests: Numbered[]): void {
  const seen = new Set(requests.map(({ producer, number }) => `${producer}/${number}`));
  expect(requests).toHaveLength(TOTAL);
  expect(seen.size).toBe(TOTAL);
}

// The order is visible only within one consumer: two consumers run concurrently.
function expectOrderPerProducer(requests: Numbered[]): void {
  const last = new Map<number, number>();
  for (const { producer, number } of requests) {
    expect(number).toBeGreaterThan(last.get(producer) ?? -1);
    last.set(producer, number);
  }
}
