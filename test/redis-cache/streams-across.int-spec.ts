import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryBackend } from '@redis-cache/core/backend/memory/memory-backend.js';
import { createRedisCache, type RedisCacheOptions, type RedisCacheService } from 'nestjs-redis-cache';
import { freshPrefix, PATIENT_MS } from '@test/fixtures/redis-cache/caches.js';
import { heldFactory } from '@test/get-or-set/factories.js';
import { RedisCluster, RedisSentinels, RedisServer, until } from '@test/support/index.js';
import { heldStream, readAll } from './held-stream.js';
import { lead, notCalled, openText, untilFollowing, untilReceived } from './stream-pair.js';

/** A place that several instances share. */
interface Place {
  create(options: RedisCacheOptions): RedisCacheService;
  stop(): Promise<unknown>;
}

const PLACES: [string, () => Promise<Place>][] = [
  ['a shared memory backend', sharedMemory],
  ['a standalone Redis', standalone],
  ['a master behind Sentinels', sentinels],
  ['a Cluster of three masters', cluster],
];

async function sharedMemory(): Promise<Place> {
  const backend = new MemoryBackend({ maxBytes: 100_000_000 });
  const { close } = backend;
  backend.close = async () => {};
  return { create: (options) => createRedisCache(options, { backend }), stop: () => close.call(backend) };
}

async function standalone(): Promise<Place> {
  const server = await RedisServer.start();
  const connection = { url: server.url };
  return { create: (options) => createRedisCache({ ...options, connection }), stop: () => server.stop() };
}

async function sentinels(): Promise<Place> {
  const servers = await RedisSentinels.start();
  const connection = { sentinels: servers.sentinels, sentinelName: servers.masterName };
  return { create: (options) => createRedisCache({ ...options, connection }), stop: () => servers.stop() };
}

async function cluster(): Promise<Place> {
  const servers = await RedisCluster.start({ masters: 3 });
  const connection = { clusterNodes: servers.addresses };
  return { create: (options) => createRedisCache({ ...options, connection }), stop: () => servers.stop() };
}

describe.each(PLACES)('streams across instances on %s', (_name, start) => {
  let place: Place;
  let caches: RedisCacheService[];
  let key: string;
  let here: RedisCacheService;
  let there: RedisCacheService;

  beforeAll(async () => {
    place = await start();
  });

  afterAll(() => place.stop());

  beforeEach(async () => {
    const keyPrefix = freshPrefix();
    key = `key of ${keyPrefix}`;
    caches = [1, 2, 3].map(() => place.create({ keyPrefix, commandTimeoutMs: PATIENT_MS }));
    [here, there] = caches as [RedisCacheService, RedisCacheService];
    await Promise.all(caches.map((cache) => until(() => cache.isConnected(), { what: 'a connection' })));
  });

  afterEach(() => Promise.all(caches.map((cache) => cache.close())));

  it('a follower receives each piece while the stream goes on, from the first', async () => {
    const { call, received } = await lead(here, key, {}, 'a');
    const follower = await openText(there, key, notCalled);
    expect(follower).toMatchObject({ status: 'collapsed', source: 'factory' });
    const reader = readAll(follower);
    for (const [index, piece] of ['b', 'c', '\ud83d', '\ude00', 'data: \n\n'].entries()) {
      call.push(piece);
      await untilReceived(reader, index + 2);
    }
    const late = readAll(await openText(caches[2]!, key, notCalled));
    await untilReceived(late, 6);
    call.end();
    for (const { pieces, ended } of [received, reader, late]) {
      expect(await ended).toBeUndefined();
      expect(pieces).toEqual(['a', 'b', 'c', '\ud83d', '\ude00', 'data: \n\n']);
    }
    expect((await follower.collected()).value).toBe('a|b|c|\ud83d|\ude00|data: \n\n');
    expect((await openText(there, key, notCalled)).status).toBe('hit');
  });

  it('a follower that comes before the first piece receives it', async () => {
    const held = heldStream();
    const leading = openText(here, key, held.factory);
    const call = await held.call(0);
    const following = openText(there, key, notCalled);
    const whole = caches[2]!.getOrSetEntry(key, () => 'not called');
    call.push('a');
    const [leader, follower] = await Promise.all([leading, following]);
    expect([leader.status, follower.status]).toEqual(['miss', 'collapsed']);
    call.end();
    expect(await whole).toMatchObject({ value: 'a', status: 'collapsed' });
    expect(await leader.collected()).toMatchObject({ value: 'a', status: 'miss', stored: true });
    expect(await follower.collected()).toMatchObject({ value: 'a', status: 'collapsed' });
  });

  it('a whole value that a stream joins in another instance arrives in pieces', async () => {
    const { call } = await lead(here, key, {}, 'a');
    const whole = there.getOrSetEntry(key, () => 'not called');
    const reader = readAll(await openText(there, key, notCalled));
    await untilReceived(reader, 1);
    call.push('b');
    await untilReceived(reader, 2);
    call.end();
    expect(await whole).toMatchObject({ value: 'a|b', status: 'collapsed' });
    expect(await reader.ended).toBeUndefined();
  });

  it('a follower of a computation of a whole value replays it', async () => {
    const held = heldFactory();
    const whole = here.getOrSet(key, held.factory);
    const call = await held.call(0);
    const following = openText(there, key, notCalled);
    call.resolve('x|y');
    const reader = readAll(await following);
    await reader.ended;
    expect(reader.pieces).toEqual(['x', 'y']);
    expect(await whole).toBe('x|y');
  });

  it('a failure reaches followers after the pieces so far', async () => {
    const { call, received } = await lead(here, key, {}, 'a');
    const reader = readAll(await openText(there, key, notCalled));
    await untilReceived(reader, 1);
    const failure = Object.assign(new Error('no more'), { code: 'ERR_UPSTREAM' });
    call.push('b');
    call.fail(failure);
    expect(await received.ended).toBe(failure);
    const elsewhere = { name: 'RemoteFactoryError', message: 'no more', code: 'ERR_UPSTREAM' };
    expect(await reader.ended).toMatchObject(elsewhere);
    expect([received.pieces, reader.pieces]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(await there.getCachedResponse(key)).toBeNull();
  });

  it('a failure before the first piece rejects the call of a follower', async () => {
    const held = heldStream();
    const leading = openText(here, key, held.factory);
    const call = await held.call(0);
    const following = openText(there, key, notCalled);
    const outcomes = Promise.allSettled([leading, following]);
    await untilFollowing(there, key);
    call.fail(new Error('no'));
    expect(await outcomes).toMatchObject([{ reason: { message: 'no' } }, { reason: { message: 'no' } }]);
  });

  it('a value that must not be stored reaches followers all the same', async () => {
    const { call } = await lead(here, key, { shouldCache: () => false }, 'a');
    const follower = await openText(there, key, notCalled);
    call.end();
    expect(await follower.collected()).toMatchObject({ value: 'a', stored: false });
  });

  it('after delete callers keep their stream, and a later caller starts another', async () => {
    const { call, received } = await lead(here, key, {}, 'old');
    const reader = readAll(await openText(there, key, notCalled));
    await untilReceived(reader, 1);
    await caches[2]!.delete(key);
    for (const cache of caches) {
      const anew = await lead(cache, key, {}, 'new');
      expect(anew.stream.status).toBe('miss');
      anew.call.end();
      await anew.received.ended;
      await cache.delete(key);
    }
    call.push('er');
    call.end();
    for (const { pieces, ended } of [received, reader]) {
      expect(await ended).toBeUndefined();
      expect(pieces).toEqual(['old', 'er']);
    }
    expect(await there.getCachedResponse(key)).toBeNull();
  });

  it('after an invalidation of its tag nobody follows a stream that began before', async () => {
    const options = { tags: ['tag'] };
    const { call, received } = await lead(here, key, options, 'old');
    await caches[2]!.invalidateTags('tag');
    const held = heldStream();
    const following = openText(there, key, held.factory, options);
    const joining = openText(here, key, held.factory, options);
    call.push('er');
    call.end();
    await received.ended;
    const second = await held.call(0);
    second.push('new');
    second.end();
    for (const stream of [await following, await joining]) {
      const reader = readAll(stream);
      expect(await reader.ended).toBeUndefined();
      expect(reader.pieces).toEqual(['new']);
    }
    expect(received.pieces).toEqual(['old', 'er']);
    expect(held.calls).toHaveLength(1);
  });

  it('the factory goes on while somebody reads elsewhere, and aborts when nobody does', async () => {
    const options = { leaseMs: 300 };
    const held = heldStream();
    const leading = openText(here, key, held.factory, options);
    const call = await held.call(0);
    call.push('a');
    const leader = await leading;
    const follower = (await openText(there, key, notCalled, options))[Symbol.asyncIterator]();
    expect(await follower.next()).toMatchObject({ value: 'a' });
    const second = follower.next();
    call.push('b');
    expect(await second).toMatchObject({ value: 'b' });
    await leader[Symbol.asyncIterator]().return!();
    expect(call.signal.aborted).toBe(false);
    call.push('c');
    expect(await follower.next()).toMatchObject({ value: 'c' });
    await follower.return!();
    await until(() => call.signal.aborted, { what: 'the end of the factory' });
    expect(call.closed).toBe(true);
  });

  it('no-cache takes the lease, and its stream is followed by those who come after it', async () => {
    const { received, call } = await lead(here, key, {}, 'old');
    const forced = await lead(there, key, { readPolicy: 'no-cache' }, 'forced');
    const late = [here, caches[2]!].map(async (cache) => readAll(await openText(cache, key, notCalled)));
    forced.call.end();
    call.end();
    for (const reader of await Promise.all(late)) {
      await reader.ended;
      expect(reader.pieces).toEqual(['forced']);
    }
    expect(await received.ended).toBeUndefined();
    expect(await here.getCachedResponse(key)).toBe('forced');
  });
});
