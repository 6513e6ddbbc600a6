import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ComputationTicket, GetOrSetOptions, RedisCacheService } from 'nestjs-redis-cache';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until } from '@test/support/index.js';
import { counted, failing, heldFactory } from './factories.js';
import { untilListening } from './listening.js';

let redis: RedisServer;
let submitter: RedisCacheService;
let worker: RedisCacheService;
let other: RedisCacheService;
let key: string;
const caches = new Caches();
let keys = 0;

beforeAll(async () => {
  LogCapture.start();
  redis = await RedisServer.start();
});

afterAll(() => redis?.stop());

beforeEach(async () => {
  keys += 1;
  key = `key ${keys}`;
  [submitter, worker, other] = [open(), open(), open()];
  for (const cache of [submitter, worker, other]) expect(await cache.isConnected()).toBe(true);
});

afterEach(() => caches.closeAll());

function open(): RedisCacheService {
  return caches.create({ connection: { url: redis.url } });
}

/** Starts a computation whose work another process does, and that work. */
async function handOut(options: GetOrSetOptions = {}) {
  const [asked, work] = [heldFactory(), heldFactory()];
  const answer = submitter.getOrSetEntry(key, asked.factory, options);
  const { ticket, ...waiting } = await asked.call(0);
  const done = worker.resume(JSON.parse(JSON.stringify(ticket)) as ComputationTicket, work.factory);
  done.catch(() => {});
  return { answer, waiting, ticket: ticket!, done, call: await work.call(0) };
}

const leaseOf = (): Promise<string | null> => redis.client().get(`redis-cache:lease:{${key}}`);
const stored = (): Promise<unknown> => other.getCachedResponse(key);

const untilBack = (cache: RedisCacheService) =>
  until(() => cache.isConnected(), { what: 'the connection to be restored' });
const untilStored = () => until(async () => (await stored()) === 'paid', { what: 'the value to be stored' });

describe('work by a ticket', () => {
  it('is stored before `resume` returns, and again by the submitter', async () => {
    const { answer, waiting, done, call } = await handOut();
    call.resolve('paid');
    expect(await done).toMatchObject({ value: 'paid', status: 'miss', source: 'factory', stored: true });
    expect(await stored()).toBe('paid');
    expect(await leaseOf()).not.toBeNull();
    waiting.resolve('paid');
    expect(await answer).toMatchObject({ value: 'paid', status: 'miss', stored: true });
    expect(await leaseOf()).toBeNull();
    expect(await stored()).toBe('paid');
  });

  it('is stored once if worker and submitter are one process, and waiters elsewhere receive it', async () => {
    const asked = heldFactory();
    const answer = submitter.getOrSetEntry(key, asked.factory);
    const { ticket, ...waiting } = await asked.call(0);
    const elsewhere = other.getOrSet(key, failing('own'));
    expect(await submitter.resume(ticket!, () => 'paid')).toMatchObject({ stored: true });
    const put = await redis.client().getBuffer(`redis-cache:cache:{${key}}`);
    waiting.resolve('paid');
    expect(await answer).toMatchObject({ value: 'paid', status: 'miss', stored: true });
    expect(await redis.client().getBuffer(`redis-cache:cache:{${key}}`)).toEqual(put);
    expect(await leaseOf()).toBeNull();
    expect(submitter.getCounters()).toMatchObject({ writes: 1 });
    expect(await elsewhere).toBe('paid');
  });

  it('keeps the TTL, the stale time and the tags of the call', async () => {
    const { done, call } = await handOut({ ttlSeconds: 100, staleSeconds: 50, tags: ['a', 'b'] });
    call.resolve('paid');
    await done;
    expect(await redis.client().pttl(`redis-cache:cache:{${key}}`)).toBeGreaterThan(140_000);
    const found = await other.lookup(key);
    expect(found).toMatchObject({ status: 'hit', value: 'paid' });
    expect((found as { ttlSeconds: number }).ttlSeconds).toBeLessThanOrEqual(100);
    await submitter.invalidateTags('b');
    expect(await stored()).toBeNull();
  });

  it.each<[string, () => Promise<boolean>]>([
    ['its key was deleted', () => other.delete(key)],
    ['the cache was cleared', () => other.clearCache()],
    ['its tag was invalidated', () => other.invalidateTags('tag')],
  ])('is never served if %s meanwhile', async (_what, invalidate) => {
    const { answer, waiting, done, call } = await handOut({ tags: ['tag'] });
    expect(await invalidate()).toBe(true);
    call.resolve('old');
    expect(await done).toMatchObject({ value: 'old', stored: false });
    expect(await stored()).toBeNull();
    waiting.resolve('old');
    expect(await answer).toMatchObject({ value: 'old', stored: false });
    expect(await other.getOrSet(key, () => 'new', { tags: ['tag'] })).toBe('new');
    expect(await submitter.getOrSet(key, () => 'newer')).toBe('new');
  });

  it('is not served if its key is deleted after it was stored and before the submitter is done', async () => {
    const { answer, waiting, done, call } = await handOut();
    call.resolve('old');
    expect(await done).toMatchObject({ stored: true });
    expect(await other.delete(key)).toBe(true);
    waiting.resolve('old');
    expect(await answer).toMatchObject({ stored: false });
    expect(await stored()).toBeNull();
  });

  it('does not replace what another computation stored after an invalidation', async () => {
    const { done, call } = await handOut();
    await other.delete(key);
    expect(await other.getOrSet(key, () => 'new')).toBe('new');
    call.resolve('old');
    expect(await done).toMatchObject({ stored: false });
    expect(await stored()).toBe('new');
  });

  it('runs and stores nothing while another computation holds the lease', async () => {
    const asked = heldFactory();
    const first = submitter.getOrSetEntry(key, asked.factory);
    const { ticket } = await asked.call(0);
    const second = other.getOrSetEntry(key, asked.factory, { readPolicy: 'no-cache' });
    const holder = await asked.call(1);
    expect(await worker.resume(ticket!, () => 'old')).toMatchObject({ value: 'old', stored: false });
    // A write on the same connection would have finished by now.
    expect(await worker.isConnected()).toBe(true);
    expect(await stored()).toBeNull();
    holder.resolve('new');
    expect(await second).toMatchObject({ stored: true });
    asked.calls[0]!.resolve('old');
    expect(await first).toMatchObject({ value: 'old', stored: false });
    expect(await stored()).toBe('new');
  });

  it('stores nothing if it fails, and the submitter decides what follows', async () => {
    const { answer, waiting, done, call } = await handOut();
    call.reject(new Error('no luck'));
    await expect(done).rejects.toThrow('no luck');
    expect(await stored()).toBeNull();
    waiting.resolve('of a second attempt');
    expect(await answer).toMatchObject({ stored: true });
  });

  it.each<[string, GetOrSetOptions]>([
    ['kept for a while', { negativeTtlSeconds: 60 }],
    ['not kept', {}],
  ])('is still served after the submitter fails, with the failure %s', async (_what, options) => {
    const { answer, waiting, done, call } = await handOut(options);
    call.resolve('paid');
    expect(await done).toMatchObject({ stored: true });
    waiting.reject(new Error('timed out'));
    await expect(answer).rejects.toThrow('timed out');
    expect((await leaseOf()) ?? '').not.toMatch(/^h/);
    const own = counted(() => 'own');
    for (const cache of [other, worker, submitter]) {
      expect(await cache.getOrSetEntry(key, own)).toMatchObject({ value: 'paid', status: 'hit' });
    }
    expect(own.calls).toBe(0);
  });

  it('is still served after the submitter fails if it replaced an older value', async () => {
    await submitter.getOrSet(key, () => 'old', { tags: ['tag'] });
    await submitter.invalidateTags('tag');
    const { answer, waiting, done, call } = await handOut({ negativeTtlSeconds: 60 });
    call.resolve('paid');
    await done;
    waiting.reject(new Error('timed out'));
    await expect(answer).rejects.toThrow('timed out');
    expect(await stored()).toBe('paid');
  });

  it('that never finished leaves the failure of the submitter in place of an older value', async () => {
    await submitter.getOrSet(key, () => 'old', { tags: ['tag'] });
    await submitter.invalidateTags('tag');
    const { answer, waiting } = await handOut({ negativeTtlSeconds: 60 });
    waiting.reject(new Error('timed out'));
    await expect(answer).rejects.toThrow('timed out');
    await expect(other.getOrSet(key, () => 'own')).rejects.toThrow('timed out');
  });

  it('is not stored when `shouldCache` declines its value', async () => {
    const { ticket, done } = await handOut();
    const options = { shouldCache: (value: unknown) => value !== 'truncated' };
    const declined = await worker.resume(ticket, () => 'truncated', options);
    expect(declined).toMatchObject({ value: 'truncated', stored: false });
    expect(await leaseOf()).toBe(`h${ticket.token}`);
    expect(await stored()).toBeNull();
    expect(await worker.resume(ticket, () => 'whole', options)).toMatchObject({ stored: true });
    expect(await stored()).toBe('whole');
    void done;
  });
});

/** Calls once the clock of the computer has moved on by a millisecond. */
async function later<T>(make: () => T): Promise<T> {
  const now = Date.now();
  await until(() => Date.now() > now, { what: 'the next millisecond', everyMs: 1 });
  return make();
}

describe('a ticket without a lease', () => {
  it('prevents other computations while its work is running', async () => {
    const [work, own] = [heldFactory(), counted(() => 'own')];
    const done = worker.resume(submitter.ticketFor(key, { ttlSeconds: 100 }), work.factory);
    const call = await work.call(0);
    const waiting = other.getOrSetEntry(key, own);
    call.resolve('paid');
    expect(await done).toMatchObject({ status: 'miss', stored: true });
    expect((await done).ttlSeconds).toBeGreaterThan(50);
    expect((await done).ttlSeconds).toBeLessThanOrEqual(100);
    expect(await waiting).toMatchObject({ value: 'paid' });
    expect(own.calls).toBe(0);
    expect(await leaseOf()).toBeNull();
  });

  it('gives the value that somebody else has stored since it was issued, and runs nothing', async () => {
    const ticket = submitter.ticketFor(key, { ttlSeconds: 100 });
    expect(await other.getOrSet(key, () => 'paid')).toBe('paid');
    const own = counted(() => 'own');
    expect(await worker.resume(ticket, own)).toMatchObject({ value: 'paid', status: 'hit', source: 'redis' });
    expect(own.calls).toBe(0);
    expect(await leaseOf()).toBeNull();
    // Not what was there before: the work may be meant to renew it.
    const next = await later(() => submitter.ticketFor(key));
    expect(await worker.resume(next, own)).toMatchObject({ value: 'own', status: 'miss', stored: true });
  });

  it('stores its value under the lease of a holder that may be waiting for it', async () => {
    const held = heldFactory();
    const holding = submitter.getOrSetEntry(key, held.factory);
    const call = await held.call(0);
    expect(await worker.resume(worker.ticketFor(key), () => 'paid')).toMatchObject({ stored: true });
    expect(await stored()).toBe('paid');
    expect(await leaseOf()).not.toBeNull();
    call.resolve('paid');
    expect(await holding).toMatchObject({ value: 'paid', stored: true });
    expect(await leaseOf()).toBeNull();
  });

  it('is valid for work that begins after an invalidation, not for work that began before it', async () => {
    const ticket = submitter.ticketFor(key, { tags: ['tag'] });
    await other.invalidateTags('tag');
    await other.delete(key);
    expect(await worker.resume(ticket, () => 'new')).toMatchObject({ stored: true });
    const work = heldFactory();
    const done = worker.resume(await later(() => submitter.ticketFor(key, { tags: ['tag'] })), work.factory);
    const call = await work.call(0);
    await other.invalidateTags('tag');
    call.resolve('old');
    expect(await done).toMatchObject({ stored: false });
    expect(await stored()).toBeNull();
  });

  it('reports a failure to the waiters', async () => {
    const work = heldFactory();
    const done = worker.resume(submitter.ticketFor(key), work.factory);
    const call = await work.call(0);
    const waiting = other.getOrSet(key, failing('own'));
    await untilListening(redis, 1);
    call.reject(Object.assign(new Error('no luck'), { code: 'E_LUCK' }));
    await expect(done).rejects.toThrow('no luck');
    await expect(waiting).rejects.toMatchObject({ message: 'no luck', code: 'E_LUCK' });
  });
});

describe('with Redis unavailable', () => {
  it('when the work begins, its value is stored once Redis is back', async () => {
    const { ticket } = await handOut();
    await redis.kill();
    expect(await worker.resume(ticket, () => 'paid')).toMatchObject({ status: 'bypass', stored: false });
    await redis.restart();
    await untilBack(other);
    await untilStored();
  });

  it('when the work ends, its value is stored once Redis is back, unless its key was deleted here', async () => {
    const { done, call } = await handOut();
    const [deletedKey, kept] = [key, heldFactory()];
    key = `${key} kept`;
    const second = worker.resume(submitter.ticketFor(key), kept.factory);
    const keptCall = await kept.call(0);
    await redis.kill();
    expect(await worker.delete(deletedKey)).toBe(false);
    call.resolve('deleted');
    keptCall.resolve('paid');
    expect(await done).toMatchObject({ value: 'deleted', stored: false });
    expect(await second).toMatchObject({ value: 'paid', stored: false });
    await redis.restart();
    await untilBack(worker);
    await untilStored();
    expect(await worker.getCachedResponse(deletedKey)).toBeNull();
  });

  it('when the work ends, its value is not stored later if the cache was cleared here', async () => {
    const { done, call } = await handOut();
    const clearedKey = key;
    await redis.kill();
    expect(await worker.clearCache()).toBe(false);
    call.resolve('cleared');
    expect(await done).toMatchObject({ value: 'cleared', stored: false });
    key = `${key} after`;
    expect(await worker.resume(submitter.ticketFor(key), () => 'paid')).toMatchObject({ stored: false });
    await redis.restart();
    await untilBack(other);
    // Buffered values are written in the order in which they were computed.
    await untilStored();
    expect(await other.getCachedResponse(clearedKey)).toBeNull();
  });
});
