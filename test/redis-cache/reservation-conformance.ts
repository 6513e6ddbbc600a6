/** The part of `backend-conformance.ts` about reserving requests and waiting for them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import {
  type DeadLetter,
  InvalidCallOptionError,
  type RedisCacheOptions,
  type RedisCacheService,
} from 'nestjs-redis-cache';
import { until, within } from '@test/support/index.js';

type Open = (options?: RedisCacheOptions) => RedisCacheService;

const SHORT = { leaseSeconds: 0.05 };
const EXPIRED_AFTER_MS = 80;

export function reservationConformance(open: Open): void {
  describe('reserved requests', () => {
    it('are removed by one acknowledgement', async () => {
      const cache = open();
      await cache.queueRequest({ job: 1 });
      const request = await cache.queue().reserveRequest();
      expect(request).toEqual({ id: expect.any(String), data: { job: 1 }, deliveries: 1 });
      expect(await cache.getQueueLength()).toBe(0);
      expect(await cache.queue().getQueueStats()).toMatchObject({ waiting: 0, reserved: 1 });
      expect(await cache.queue().acknowledgeRequest(request!.id)).toBe(true);
      expect(await cache.queue().acknowledgeRequest(request!.id)).toBe(false);
      expect(await cache.queue().getQueueStats()).toEqual({
        waiting: 0,
        reserved: 0,
        dead: 0,
        bytes: 0,
        oldestAgeSeconds: null,
      });
      expect(await cache.queue().reserveRequest()).toBeNull();
    });

    it('come back before new ones when the lease ends, and ignore their former holder', async () => {
      const cache = open();
      await cache.queue().queueRequests(['first', 'second']);
      const stale = await cache.queue().reserveRequest(SHORT);
      await sleep(EXPIRED_AFTER_MS);
      expect(await cache.getQueueLength()).toBe(2);
      const again = await cache.queue().reserveRequest();
      expect(again).toMatchObject({ data: 'first', deliveries: 2 });
      expect(await cache.queue().acknowledgeRequest(stale!.id)).toBe(false);
      expect(await cache.queue().extendLease(stale!.id)).toBe(false);
      expect(await cache.queue().releaseRequest(stale!.id)).toBe(false);
      expect(await cache.queue().rejectRequest(stale!.id)).toBe(false);
      expect(await cache.queue().acknowledgeRequest(again!.id)).toBe(true);
      expect(await cache.dequeueRequest()).toBe('second');
    });

    it('come back before new ones when others are acknowledged meanwhile', async () => {
      const cache = open();
      await cache.queue().queueRequests(['over', 'handled', 'new']);
      await cache.queue().reserveRequest(SHORT);
      const handled = await cache.queue().reserveRequest();
      await sleep(EXPIRED_AFTER_MS);
      expect(await cache.queue().acknowledgeRequest(handled!.id)).toBe(true);
      expect(await cache.queue().reserveRequest()).toMatchObject({ data: 'over', deliveries: 2 });
      expect(await cache.queue().reserveRequest()).toMatchObject({ data: 'new', deliveries: 1 });
    });

    it('stay reserved while their lease is extended', async () => {
      const cache = open();
      await cache.queueRequest('request');
      const request = await cache.queue().reserveRequest({ leaseSeconds: 5 });
      expect(await cache.queue().extendLease(request!.id, SHORT)).toBe(true);
      expect(await cache.queue().extendLease(request!.id, { leaseSeconds: 60 })).toBe(true);
      await sleep(EXPIRED_AFTER_MS);
      expect(await cache.queue().reserveRequest()).toBeNull();
      expect(await cache.queue().acknowledgeRequest(request!.id)).toBe(true);
    });

    it('are delivered next once released', async () => {
      const cache = open();
      await cache.queue().queueRequests(['first', 'second']);
      const request = await cache.queue().reserveRequest();
      expect(await cache.queue().releaseRequest(request!.id)).toBe(true);
      expect(await cache.queue().reserveRequest()).toMatchObject({ data: 'first', deliveries: 2 });
      expect(await cache.queue().reserveRequest()).toMatchObject({ data: 'second', deliveries: 1 });
    });

    it('are reserved and acknowledged several at once', async () => {
      const cache = open();
      await cache.queue().queueRequests([1, 2, 3, 4, 5]);
      const held = await cache.queue().reserveRequests<number>(4);
      expect(held.map(({ data }) => data)).toEqual([1, 2, 3, 4]);
      const done = await cache.queue().acknowledgeRequests([...held.map(({ id }) => id), 'none']);
      expect(done).toEqual([true, true, true, true, false]);
      expect((await cache.queue().reserveRequests(4)).map(({ data }) => data)).toEqual([5]);
    });

    it('are acknowledged once, whatever else is acknowledged with them', async () => {
      const cache = open();
      await cache.queue().queueRequests([1, 2, 3, 4]);
      const [one, two, three] = (await cache.queue().reserveRequests(3)).map(({ id }) => id) as [
        string,
        string,
        string,
      ];
      expect(await cache.queue().acknowledgeRequests([two])).toEqual([true]);
      expect(await cache.queue().acknowledgeRequests([one, two, three, one])).toEqual([
        true,
        false,
        true,
        false,
      ]);
      expect(await cache.queue().getQueueStats()).toMatchObject({ waiting: 1, reserved: 0 });
      expect(await cache.queue().acknowledgeRequests([one, two, three])).toEqual([false, false, false]);
      expect(await cache.dequeueRequest()).toBe(4);
    });

    it('are removed in whatever order batches are acknowledged, and no other is', async () => {
      const cache = open();
      await cache.queue().queueRequests(Array.from({ length: 101 }, (_, index) => index));
      const batches: string[][] = [];
      for (let batch = 0; batch < 4; batch += 1) {
        batches.push((await cache.queue().reserveRequests(25)).map(({ id }) => id));
      }
      for (const [left, batch] of [
        batches[1]!,
        batches[3]!,
        batches[0]!.toReversed(),
        batches[2]!,
      ].entries()) {
        expect(await cache.queue().acknowledgeRequests(batch)).toEqual(batch.map(() => true));
        expect(await cache.queue().getQueueStats()).toMatchObject({ waiting: 1, reserved: 75 - left * 25 });
      }
      expect(await cache.queue().dequeueRequests(9)).toEqual([100]);
    });

    it('are not removed by a former delivery that is acknowledged among many', async () => {
      const cache = open();
      await cache.queue().queueRequests(Array.from({ length: 20 }, (_, index) => index));
      const ids = (await cache.queue().reserveRequests(20)).map(({ id }) => id);
      await cache.queue().releaseRequest(ids[7]!);
      const again = await cache.queue().reserveRequest();
      expect(again).toMatchObject({ data: 7, deliveries: 2 });
      expect(await cache.queue().acknowledgeRequests(ids)).toEqual(ids.map((_id, index) => index !== 7));
      expect(await cache.queue().getQueueStats()).toMatchObject({ waiting: 0, reserved: 1 });
      expect(await cache.queue().acknowledgeRequest(again!.id)).toBe(true);
    });

    it('become dead letters after maxDeliveries, which are listed, replayed and cleared', async () => {
      const cache = open({ queue: { maxDeliveries: 2 } });
      await cache.queue().queueRequests(['poison', 'behind']);
      for (const reason of ['first', 'last']) {
        const { id } = (await cache.queue().reserveRequest())!;
        expect(await cache.queue().releaseRequest(id, { reason })).toBe(true);
      }
      expect(await cache.queue().reserveRequest()).toMatchObject({ data: 'behind' });
      const [dead, ...others] = await cache.queue().listDeadLetters();
      expect(dead).toMatchObject({ data: 'poison', deliveries: 2, reason: 'last' });
      expect(Math.abs(Date.now() - dead!.diedAt)).toBeLessThan(60_000);
      expect(others).toEqual([]);
      expect(await cache.queue().replayDeadLetter(dead!.id)).toBe(true);
      expect(await cache.queue().replayDeadLetter(dead!.id)).toBe(false);
      const { id } = (await cache.queue().reserveRequest())!;
      expect(await cache.queue().rejectRequest(id, 'no use')).toBe(true);
      expect(await cache.queue().getQueueStats()).toMatchObject({ waiting: 0, reserved: 1, dead: 1 });
      expect(await cache.queue().clearDeadLetters()).toBe(true);
      expect(await cache.queue().listDeadLetters()).toEqual([]);
    });

    it('report why a request is not in the queue', async () => {
      const cache = open({ queue: { maxLength: 1 } });
      expect(await cache.queue().queueOutcome('dies')).toBe('queued');
      expect(await cache.queue().queueOutcome('late')).toBe('full');
      expect(await cache.queue().queueOutcome(() => {})).toBe('invalid');
      await cache.queue().rejectRequest((await cache.queue().reserveRequest())!.id);
      await cache.queueRequest('waits');
      const [{ id }] = (await cache.queue().listDeadLetters()) as [DeadLetter];
      expect(await cache.queue().replayOutcome(id)).toBe('full');
      expect(await cache.dequeueRequest()).toBe('waits');
      expect(await cache.queue().replayOutcome(id)).toBe('replayed');
      expect(await cache.queue().replayOutcome(id)).toBe('unknown');
      await cache.close();
      expect(await cache.queue().queueOutcome('late')).toBe('unconfirmed');
      expect(await cache.queue().replayOutcome(id)).toBe('unconfirmed');
    });

    it('throw for invalid arguments and name them', async () => {
      const cache = open();
      const wrong: [string, Promise<unknown>][] = [
        ['leaseSeconds', cache.queue().reserveRequest({ leaseSeconds: 0 })],
        ['leaseSeconds', cache.queue().extendLease('1-1:1', { leaseSeconds: 86_401 })],
        ['count', cache.queue().reserveRequests(0)],
        ['count', cache.queue().dequeueRequests(1.5)],
        ['id', cache.queue().acknowledgeRequest('')],
        ['id', cache.queue().releaseRequest(7 as never)],
        ['ids', cache.queue().acknowledgeRequests('1-1' as never)],
        ['requests', cache.queue().queueRequests('text' as never)],
        ['delaySeconds', cache.queue().releaseRequest('1-1:1', { delaySeconds: -1 })],
        ['timeoutMs', cache.queue().waitForRequest({ timeoutMs: Number.NaN })],
        ['limit', cache.queue().listDeadLetters({ limit: 0 })],
      ];
      for (const [field, call] of wrong) {
        await expect(call).rejects.toMatchObject({ constructor: InvalidCallOptionError, field });
      }
    });
  });

  describe('named queues', () => {
    it('are separate, and one queue per name', async () => {
      const cache = open({ queue: { name: 'plain' } });
      const mails = cache.queue('mails', { maxLength: 1 });
      expect(mails.queueName).toBe('mails');
      expect(cache.queue('mails')).toBe(mails);
      expect(await mails.queueRequests(['a', 'b'])).toEqual([true, false]);
      expect(await cache.dequeueRequest()).toBeNull();
      expect(await cache.queue('mails').dequeueRequest()).toBe('a');
      await cache.queueRequest('plain');
      expect(await cache.queue('plain').dequeueRequest()).toBe('plain');
    });

    it('throw for an invalid name or option, and for one that differs from the first call', () => {
      const cache = open();
      cache.queue('mails', { maxLength: 5 });
      const cases: [string, () => unknown][] = [
        ['name', () => cache.queue('')],
        ['maxLength', () => cache.queue('other', { maxLength: 0 })],
        ['maxLength', () => cache.queue('mails', { maxLength: 6 })],
      ];
      for (const [field, make] of cases) expect(make).toThrow(expect.objectContaining({ field }));
      expect(cache.queue('mails', { maxLength: 5 }).queueName).toBe('mails');
    });
  });

  describe('waitForRequest', () => {
    it('returns a waiting request at once', async () => {
      const cache = open();
      await cache.queueRequest('there');
      expect(await cache.queue().waitForRequest()).toBe('there');
    });

    it('returns arriving requests to its callers in order', async () => {
      const cache = open();
      const waiting = Array.from({ length: 20 }, () =>
        cache.queue().waitForRequest<number>({ timeoutMs: 20_000 }),
      );
      for (let request = 0; request < 20; request += 1) await cache.queueRequest(request);
      const answers = await within(Promise.all(waiting), { timeoutMs: 20_000, what: 'all calls to return' });
      expect(answers).toEqual(Array.from({ length: 20 }, (_, index) => index));
    });

    it('returns a released request', async () => {
      const cache = open();
      await cache.queueRequest('back');
      const { id } = (await cache.queue().reserveRequest())!;
      const waiting = cache.queue().waitForRequest({ timeoutMs: 20_000 });
      await cache.queue().releaseRequest(id);
      expect(await waiting).toBe('back');
    });

    it('returns null at its timeout', async () => {
      const startedAt = performance.now();
      expect(await open().queue().waitForRequest({ timeoutMs: 100 })).toBeNull();
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
    });

    it('rejects with the reason of its signal, and loses no request', async () => {
      const cache = open();
      const reason = new Error('enough');
      const controller = new AbortController();
      const waiting = cache.queue().waitForRequest({ signal: controller.signal });
      controller.abort(reason);
      await expect(waiting).rejects.toBe(reason);
      await expect(cache.queue().waitForRequest({ signal: controller.signal })).rejects.toBe(reason);
      await cache.queueRequest('kept');
      expect(await until(() => cache.dequeueRequest(), { what: 'the request' })).toBe('kept');
    });

    it('returns null when the cache is closed', async () => {
      const cache = open();
      const waiting = cache.queue().waitForRequest({ timeoutMs: 60_000 });
      await cache.close();
      expect(await waiting).toBeNull();
      expect(await cache.queue().waitForRequest({ timeoutMs: 60_000 })).toBeNull();
    });
  });
}
