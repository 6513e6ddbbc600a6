/** The part of `backend-conformance.ts` that is about requests handed out for a time, and waiting for them. */
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
const OVER_MS = 80;

export function reservationConformance(open: Open): void {
  describe('reserved requests', () => {
    it('are removed by an acknowledgement, once', async () => {
      const cache = open();
      await cache.queueRequest({ job: 1 });
      const request = await cache.reserveRequest();
      expect(request).toEqual({ id: expect.any(String), data: { job: 1 }, deliveries: 1 });
      expect(await cache.getQueueLength()).toBe(0);
      expect(await cache.getQueueStats()).toMatchObject({ waiting: 0, reserved: 1 });
      expect(await cache.acknowledgeRequest(request!.id)).toBe(true);
      expect(await cache.acknowledgeRequest(request!.id)).toBe(false);
      expect(await cache.getQueueStats()).toEqual({
        waiting: 0,
        reserved: 0,
        dead: 0,
        oldestAgeSeconds: null,
      });
      expect(await cache.reserveRequest()).toBeNull();
    });

    it('come back when the lease is over, before new ones, and out of the reach of their former holder', async () => {
      const cache = open();
      await cache.queueRequests(['first', 'second']);
      const stale = await cache.reserveRequest(SHORT);
      await sleep(OVER_MS);
      expect(await cache.getQueueLength()).toBe(2);
      const again = await cache.reserveRequest();
      expect(again).toMatchObject({ data: 'first', deliveries: 2 });
      expect(await cache.acknowledgeRequest(stale!.id)).toBe(false);
      expect(await cache.extendLease(stale!.id)).toBe(false);
      expect(await cache.releaseRequest(stale!.id)).toBe(false);
      expect(await cache.rejectRequest(stale!.id)).toBe(false);
      expect(await cache.acknowledgeRequest(again!.id)).toBe(true);
      expect(await cache.dequeueRequest()).toBe('second');
    });

    it('come back before new ones, however many are acknowledged meanwhile', async () => {
      const cache = open();
      await cache.queueRequests(['over', 'handled', 'new']);
      await cache.reserveRequest(SHORT);
      const handled = await cache.reserveRequest();
      await sleep(OVER_MS);
      expect(await cache.acknowledgeRequest(handled!.id)).toBe(true);
      expect(await cache.reserveRequest()).toMatchObject({ data: 'over', deliveries: 2 });
      expect(await cache.reserveRequest()).toMatchObject({ data: 'new', deliveries: 1 });
    });

    it('stay with a holder that extends its lease', async () => {
      const cache = open();
      await cache.queueRequest('request');
      const request = await cache.reserveRequest({ leaseSeconds: 5 });
      expect(await cache.extendLease(request!.id, SHORT)).toBe(true);
      expect(await cache.extendLease(request!.id, { leaseSeconds: 60 })).toBe(true);
      await sleep(OVER_MS);
      expect(await cache.reserveRequest()).toBeNull();
      expect(await cache.acknowledgeRequest(request!.id)).toBe(true);
    });

    it('are the next again once released', async () => {
      const cache = open();
      await cache.queueRequests(['first', 'second']);
      const request = await cache.reserveRequest();
      expect(await cache.releaseRequest(request!.id)).toBe(true);
      expect(await cache.reserveRequest()).toMatchObject({ data: 'first', deliveries: 2 });
      expect(await cache.reserveRequest()).toMatchObject({ data: 'second', deliveries: 1 });
    });

    it('are handed out and acknowledged several at once', async () => {
      const cache = open();
      await cache.queueRequests([1, 2, 3, 4, 5]);
      const held = await cache.reserveRequests<number>(4);
      expect(held.map(({ data }) => data)).toEqual([1, 2, 3, 4]);
      const done = await cache.acknowledgeRequests([...held.map(({ id }) => id), 'none']);
      expect(done).toEqual([true, true, true, true, false]);
      expect((await cache.reserveRequests(4)).map(({ data }) => data)).toEqual([5]);
    });

    it('end by an acknowledgement once, whatever else is acknowledged with them', async () => {
      const cache = open();
      await cache.queueRequests([1, 2, 3, 4]);
      const [one, two, three] = (await cache.reserveRequests(3)).map(({ id }) => id) as [
        string,
        string,
        string,
      ];
      expect(await cache.acknowledgeRequests([two])).toEqual([true]);
      expect(await cache.acknowledgeRequests([one, two, three, one])).toEqual([true, false, true, false]);
      expect(await cache.getQueueStats()).toMatchObject({ waiting: 1, reserved: 0 });
      expect(await cache.acknowledgeRequests([one, two, three])).toEqual([false, false, false]);
      expect(await cache.dequeueRequest()).toBe(4);
    });

    it('are gone in whatever order many are acknowledged, and nothing else is', async () => {
      const cache = open();
      await cache.queueRequests(Array.from({ length: 101 }, (_, index) => index));
      const batches: string[][] = [];
      for (let batch = 0; batch < 4; batch += 1) {
        batches.push((await cache.reserveRequests(25)).map(({ id }) => id));
      }
      for (const [left, batch] of [
        batches[1]!,
        batches[3]!,
        batches[0]!.toReversed(),
        batches[2]!,
      ].entries()) {
        expect(await cache.acknowledgeRequests(batch)).toEqual(batch.map(() => true));
        expect(await cache.getQueueStats()).toMatchObject({ waiting: 1, reserved: 75 - left * 25 });
      }
      expect(await cache.dequeueRequests(9)).toEqual([100]);
    });

    it('are left alone by the many that are acknowledged with a former delivery of theirs', async () => {
      const cache = open();
      await cache.queueRequests(Array.from({ length: 20 }, (_, index) => index));
      const ids = (await cache.reserveRequests(20)).map(({ id }) => id);
      await cache.releaseRequest(ids[7]!);
      const again = await cache.reserveRequest();
      expect(again).toMatchObject({ data: 7, deliveries: 2 });
      expect(await cache.acknowledgeRequests(ids)).toEqual(ids.map((_id, index) => index !== 7));
      expect(await cache.getQueueStats()).toMatchObject({ waiting: 0, reserved: 1 });
      expect(await cache.acknowledgeRequest(again!.id)).toBe(true);
    });

    it('die after maxDeliveries; the dead are listed, replayed and cleared', async () => {
      const cache = open({ queue: { maxDeliveries: 2 } });
      await cache.queueRequests(['poison', 'behind']);
      for (const reason of ['first', 'last']) {
        const { id } = (await cache.reserveRequest())!;
        expect(await cache.releaseRequest(id, { reason })).toBe(true);
      }
      expect(await cache.reserveRequest()).toMatchObject({ data: 'behind' });
      const [dead, ...others] = await cache.listDeadLetters();
      expect(dead).toMatchObject({ data: 'poison', deliveries: 2, reason: 'last' });
      expect(Math.abs(Date.now() - dead!.diedAt)).toBeLessThan(60_000);
      expect(others).toEqual([]);
      expect(await cache.replayDeadLetter(dead!.id)).toBe(true);
      expect(await cache.replayDeadLetter(dead!.id)).toBe(false);
      const { id } = (await cache.reserveRequest())!;
      expect(await cache.rejectRequest(id, 'no use')).toBe(true);
      expect(await cache.getQueueStats()).toMatchObject({ waiting: 0, reserved: 1, dead: 1 });
      expect(await cache.clearDeadLetters()).toBe(true);
      expect(await cache.listDeadLetters()).toEqual([]);
    });

    it('tell why a request is not in the queue', async () => {
      const cache = open({ queue: { maxLength: 1 } });
      expect(await cache.queueOutcome('dies')).toBe('queued');
      expect(await cache.queueOutcome('late')).toBe('full');
      expect(await cache.queueOutcome(() => {})).toBe('invalid');
      await cache.rejectRequest((await cache.reserveRequest())!.id);
      await cache.queueRequest('waits');
      const [{ id }] = (await cache.listDeadLetters()) as [DeadLetter];
      expect(await cache.replayOutcome(id)).toBe('full');
      expect(await cache.dequeueRequest()).toBe('waits');
      expect(await cache.replayOutcome(id)).toBe('replayed');
      expect(await cache.replayOutcome(id)).toBe('unknown');
      await cache.close();
      expect(await cache.queueOutcome('late')).toBe('unconfirmed');
      expect(await cache.replayOutcome(id)).toBe('unconfirmed');
    });

    it('throw for wrong arguments, naming them', async () => {
      const cache = open();
      const wrong: [string, Promise<unknown>][] = [
        ['leaseSeconds', cache.reserveRequest({ leaseSeconds: 0 })],
        ['leaseSeconds', cache.extendLease('1-1:1', { leaseSeconds: 86_401 })],
        ['count', cache.reserveRequests(0)],
        ['count', cache.dequeueRequests(1.5)],
        ['id', cache.acknowledgeRequest('')],
        ['id', cache.releaseRequest(7 as never)],
        ['ids', cache.acknowledgeRequests('1-1' as never)],
        ['requests', cache.queueRequests('text' as never)],
        ['delaySeconds', cache.releaseRequest('1-1:1', { delaySeconds: -1 })],
        ['timeoutMs', cache.waitForRequest({ timeoutMs: Number.NaN })],
        ['limit', cache.listDeadLetters({ limit: 0 })],
      ];
      for (const [field, call] of wrong) {
        await expect(call).rejects.toMatchObject({ constructor: InvalidCallOptionError, field });
      }
    });
  });

  describe('named queues', () => {
    it('are apart, and the same for the same name', async () => {
      const cache = open({ queue: { name: 'plain' } });
      const mails = cache.getQueue('mails', { maxLength: 1 });
      expect(mails.queueName).toBe('mails');
      expect(await mails.queueRequests(['a', 'b'])).toEqual([true, false]);
      expect(await cache.dequeueRequest()).toBeNull();
      expect(await cache.getQueue('mails').dequeueRequest()).toBe('a');
      await cache.queueRequest('plain');
      expect(await cache.getQueue('plain').dequeueRequest()).toBe('plain');
    });

    it('throw for a wrong name, a wrong option and one that is different from before', () => {
      const cache = open();
      cache.getQueue('mails', { maxLength: 5 });
      const cases: [string, () => unknown][] = [
        ['name', () => cache.getQueue('')],
        ['maxLength', () => cache.getQueue('other', { maxLength: 0 })],
        ['maxLength', () => cache.getQueue('mails', { maxLength: 6 })],
      ];
      for (const [field, make] of cases) expect(make).toThrow(expect.objectContaining({ field }));
      expect(cache.getQueue('mails', { maxLength: 5 }).queueName).toBe('mails');
    });
  });

  describe('waitForRequest', () => {
    it('answers what is there already', async () => {
      const cache = open();
      await cache.queueRequest('there');
      expect(await cache.waitForRequest()).toBe('there');
    });

    it('answers what comes, to those who wait in their order', async () => {
      const cache = open();
      const waiting = Array.from({ length: 20 }, () => cache.waitForRequest<number>({ timeoutMs: 20_000 }));
      for (let request = 0; request < 20; request += 1) await cache.queueRequest(request);
      const answers = await within(Promise.all(waiting), { timeoutMs: 20_000, what: 'all to be served' });
      expect(answers).toEqual(Array.from({ length: 20 }, (_, index) => index));
    });

    it('answers what is given back', async () => {
      const cache = open();
      await cache.queueRequest('back');
      const { id } = (await cache.reserveRequest())!;
      const waiting = cache.waitForRequest({ timeoutMs: 20_000 });
      await cache.releaseRequest(id);
      expect(await waiting).toBe('back');
    });

    it('answers null at its timeout', async () => {
      const startedAt = performance.now();
      expect(await open().waitForRequest({ timeoutMs: 100 })).toBeNull();
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
    });

    it('rejects with the reason of its signal, and loses nothing', async () => {
      const cache = open();
      const reason = new Error('enough');
      const controller = new AbortController();
      const waiting = cache.waitForRequest({ signal: controller.signal });
      controller.abort(reason);
      await expect(waiting).rejects.toBe(reason);
      await expect(cache.waitForRequest({ signal: controller.signal })).rejects.toBe(reason);
      await cache.queueRequest('kept');
      expect(await until(() => cache.dequeueRequest(), { what: 'the request' })).toBe('kept');
    });

    it('answers null when the cache is closed', async () => {
      const cache = open();
      const waiting = cache.waitForRequest({ timeoutMs: 60_000 });
      await cache.close();
      expect(await waiting).toBeNull();
      expect(await cache.waitForRequest({ timeoutMs: 60_000 })).toBeNull();
    });
  });
}
