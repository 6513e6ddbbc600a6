/** Readers that are slow, leave, come late or are many, and callers that want the whole value of the same key. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until } from '@test/support/index.js';
import { heldStream, readAll } from '../held-stream.js';
import { lead, notCalled, openText, type TextOptions, untilReceived } from '../stream-pair.js';
import { StreamProcesses } from './stream-processes.js';

const LEASE_MS = 600;
const PIECES = 40;

let redis: RedisServer;
let key: string;
let here: RedisCacheService;
let there: RedisCacheService;
let third: RedisCacheService;
const caches = new Caches();

beforeAll(async () => {
  LogCapture.start();
  redis = await RedisServer.start();
});

afterAll(() => redis.stop());

beforeEach(async () => {
  const options = { connection: { url: redis.url }, keyPrefix: freshPrefix() };
  key = `key of ${options.keyPrefix}`;
  [here, there, third] = [caches.create(options), caches.create(options), caches.create(options)];
  for (const cache of [here, there, third]) expect(await cache.isConnected()).toBe(true);
});

afterEach(() => caches.closeAll());

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `piece ${index}`);

/** Opens a stream that others lead, and takes its first piece. */
async function begin(cache: RedisCacheService, options: TextOptions = {}) {
  const iterator = (await openText(cache, key, notCalled, options))[Symbol.asyncIterator]();
  const first = await iterator.next();
  return { iterator, first: first.value as string };
}

/** Starts a stream whose only caller has taken its first piece, and can leave. */
async function leadAlone(options: TextOptions = {}) {
  const held = heldStream();
  const opening = openText(here, key, held.factory, options);
  const call = await held.call(0);
  call.push('a');
  const iterator = (await opening)[Symbol.asyncIterator]();
  expect(await iterator.next()).toMatchObject({ value: 'a' });
  return { call, leave: () => iterator.return!() };
}

describe('a reader in another process', () => {
  it('that is slow delays nobody, and receives the rest after the end', async () => {
    const pieces = numbered(PIECES);
    const { call, received } = await lead(here, key, {}, pieces[0]);
    const slow = await begin(there);
    const fast = readAll(await openText(there, key, notCalled));
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) call.push(piece);
      await untilReceived(fast, index + 1);
      // It takes a piece when the others have received ten.
      if (index > 0 && index % 10 === 0) {
        expect(await slow.iterator.next()).toEqual({ done: false, value: pieces[index / 10] });
      }
    }
    call.end();
    for (const reader of [received, fast]) {
      expect(await reader.ended).toBeUndefined();
      expect(reader.pieces).toEqual(pieces);
    }
    // Nothing of it is left in Redis, neither the log nor the value.
    await here.delete(key);
    await until(async () => (await redis.client().keys(`*{${key}}*`)).length === 0, { what: 'no keys' });
    for (const piece of pieces.slice(4)) {
      expect(await slow.iterator.next()).toEqual({ done: false, value: piece });
    }
    expect(await slow.iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('that leaves can come back and reads from the first piece', async () => {
    const { call, received } = await lead(here, key, {}, 'a');
    const { iterator } = await begin(there);
    await iterator.return!();
    call.push('b');
    await untilReceived(received, 2);
    const again = readAll(await openText(there, key, notCalled));
    await untilReceived(again, 2);
    call.push('c');
    call.end();
    expect(await again.ended).toBeUndefined();
    expect(again.pieces).toEqual(['a', 'b', 'c']);
  });

  it('keeps its stream when the only caller here leaves before the next piece', async () => {
    const options = { leaseMs: 60_000 };
    const { call, leave } = await leadAlone(options);
    const { iterator } = await begin(there, options);
    // The leader has written nothing since the reader came.
    await leave();
    const next = iterator.next();
    call.push('b');
    expect(await next).toEqual({ done: false, value: 'b' });
    expect(call.signal.aborted).toBe(false);
    call.end();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('receives a piece of 1 MB whole', async () => {
    const large = 'ä€😀'.repeat(1024 * 1024).slice(0, 1024 * 1024);
    const { call } = await lead(here, key, {}, 'a');
    const reader = readAll(await openText(there, key, notCalled));
    await untilReceived(reader, 1);
    call.push(large, 'b');
    call.end();
    expect(await reader.ended).toBeUndefined();
    expect(reader.pieces.map(({ length }) => length)).toEqual([1, large.length, 1]);
    expect(reader.pieces[1] === large).toBe(true);
  });

  it('costs as many commands as fifty of them', async () => {
    const { call } = await lead(here, key, {}, 'first');
    const readers = Array.from({ length: 50 }, async () => readAll(await openText(there, key, notCalled)));
    const all = await Promise.all(readers);
    for (const reader of all) await untilReceived(reader, 1);
    await redis.client().config('RESETSTAT');
    const begun = performance.now();
    for (let count = 2; count <= PIECES; count += 1) {
      call.push(`piece ${count}`);
      for (const reader of all) await untilReceived(reader, count);
    }
    const ms = performance.now() - begun;
    const stats = await redis.client().info('commandstats');
    const scripts = Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)![1]);
    // A write and a read for each piece, polls, renewals.
    expect(scripts).toBeLessThanOrEqual(2 * PIECES + ms / 50 + 10);
    call.end();
    for (const { ended } of all) expect(await ended).toBeUndefined();
  });
});

describe('when all readers leave', () => {
  const processes = new StreamProcesses(() => ({ connection: { url: redis.url } }));

  afterAll(() => processes.stop());

  it.each(['leaves', 'is killed'])(
    'the factory goes on until the last process with readers %s',
    async (how) => {
      const [one, other] = await processes.start(2);
      const options = { call: { leaseMs: LEASE_MS } };
      await one!.open(key, 2, options);
      const running = await processes.call(0);
      await other!.open(key, 2, options);
      // By the third piece the leader has learned of the readers elsewhere.
      for (const count of [1, 2, 3]) {
        await running.push(1);
        await Promise.all([one!.request('reached', { count }), other!.request('reached', { count })]);
      }
      await one!.request('leave');
      await running.push(2);
      await other!.request('reached', { count: 5 });
      expect(one!.aborted).not.toContain(running.call);
      await (how === 'leaves' ? other!.request('leave') : other!.child.kill());
      await until(() => one!.aborted.includes(running.call), { what: 'the abort of the factory' });
      await until(async () => (await redis.client().keys(`*{${key}}*`)).length === 0, { what: 'no keys' });
      expect(processes.calls).toHaveLength(1);
    },
  );
});

describe('callers that want the whole value', () => {
  it('join a stream in either process, and look up nothing before its end', async () => {
    const { call, received } = await lead(here, key, {}, 'a');
    const joined = [here, there].map((cache) => cache.getOrSetEntry(key, () => 'not called'));
    for (const cache of [here, there]) {
      expect(await cache.lookup(key)).toEqual({ status: 'miss' });
      expect(await cache.getCachedResponse(key)).toBeNull();
    }
    call.push('b');
    call.end();
    for (const result of await Promise.all(joined)) {
      expect(result).toMatchObject({ value: 'a|b', source: 'factory', status: 'collapsed' });
    }
    await received.ended;
    for (const cache of [here, there]) {
      expect(await cache.lookup(key)).toMatchObject({ value: 'a|b' });
      expect(await cache.getOrSetEntry(key, () => 'not called')).toMatchObject({ status: 'hit' });
    }
  });

  it('keep the factory running after the last reader has left', async () => {
    const { call, leave } = await leadAlone();
    const whole = here.getOrSet(key, () => 'not called');
    await here.lookup(key);
    await leave();
    call.push('b');
    call.end();
    expect(await whole).toBe('a|b');
  });
});

describe('no-store', () => {
  it('is shared by nobody, in this process or another', async () => {
    const options = { writePolicy: 'no-store' } as const;
    const all = [await lead(here, key, {}, 'stored')];
    for (const cache of [here, here, there]) all.push(await lead(cache, key, options, `alone ${all.length}`));
    for (const { call } of all.toReversed()) call.end();
    for (const [index, { received }] of all.entries()) {
      expect(await received.ended).toBeUndefined();
      expect(received.pieces).toEqual([index === 0 ? 'stored' : `alone ${index}`]);
    }
    expect(await there.getCachedResponse(key)).toBe('stored');
  });
});

describe.each<[string, (cache: RedisCacheService) => Promise<boolean>]>([
  ['delete', (cache) => cache.delete(key)],
  ['clearCache', (cache) => cache.clearCache()],
  // The old stream keeps its lease: the next begins when it has ended.
  ['invalidateTags', (cache) => cache.invalidateTags('tag')],
])('%s in the middle of a stream', (name, invalidate) => {
  it.each<[string, () => RedisCacheService]>([
    ['the leader', () => here],
    ['a follower', () => there],
    ['another process', () => third],
  ])('by %s leaves earlier callers their pieces, and later ones get none of them', async (_who, where) => {
    const options = { tags: ['tag'] };
    const old = await lead(here, key, options, 'old 1');
    const follower = readAll(await openText(there, key, notCalled, options));
    await untilReceived(follower, 1);
    expect(await invalidate(where())).toBe(true);
    const held = heldStream();
    const later = [here, there, third].map((cache) => openText(cache, key, held.factory, options));
    if (name !== 'invalidateTags') (await held.call(0)).push('new 1');
    old.call.push('old 2');
    old.call.end();
    for (const { pieces, ended } of [old.received, follower]) {
      expect(await ended).toBeUndefined();
      expect(pieces).toEqual(['old 1', 'old 2']);
    }
    const running = await held.call(0);
    expect(await third.getCachedResponse(key)).toBeNull();
    if (name === 'invalidateTags') running.push('new 1');
    const readers = (await Promise.all(later)).map((stream) => readAll(stream));
    running.push('new 2');
    running.end();
    for (const { pieces, ended } of readers) {
      expect(await ended).toBeUndefined();
      expect(pieces).toEqual(['new 1', 'new 2']);
    }
    expect(held.calls).toHaveLength(1);
    expect(await third.getCachedResponse(key)).toBe('new 1|new 2');
  });
});
