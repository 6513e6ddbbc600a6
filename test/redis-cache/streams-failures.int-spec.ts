import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { deferred } from '@test/fixtures/redis-cache/deferred.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { type ManagedProcess, RedisServer, until } from '@test/support/index.js';
import { heldStream, readAll } from './held-stream.js';
import { lead, notCalled, openText, untilFollowing, untilReceived } from './stream-pair.js';
import { piecesOf, reportOf, startStreaming, step, stepTo } from './stream-processes.js';

const LEASE_MS = 600;
const OPTIONS = { leaseMs: LEASE_MS };
const INTERRUPTED = { name: 'StreamInterruptedError', code: 'ERR_STREAM_INTERRUPTED' };

let redis: RedisServer;
let key: string;
let here: RedisCacheService;
let there: RedisCacheService;
const caches = new Caches();
const children: ManagedProcess[] = [];

beforeAll(() => {
  LogCapture.start();
});

beforeEach(async () => {
  redis = await RedisServer.start();
  key = `key of ${freshPrefix()}`;
  [here, there] = [caches.create(patient()), caches.create(patient())];
  for (const cache of [here, there]) expect(await cache.isConnected()).toBe(true);
});

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  await caches.closeAll();
  await redis.stop();
});

const patient = () => ({ connection: { url: redis.url } });

async function startLeader(...pieces: string[]): Promise<ManagedProcess> {
  const connection = { url: redis.url };
  const child = await startStreaming({ connection, key, steps: ['open', ...pieces], options: OPTIONS });
  children.push(child);
  step(child);
  await child.waitForLine(/^factory$/);
  return child;
}

/** The time that the promise takes to settle, in milliseconds. */
async function timed(promise: Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await promise;
  return performance.now() - begin;
}

async function logKey(): Promise<string> {
  const log = (await keysIn()).find((name) => name.includes(':stream:'));
  if (log === undefined) throw new Error('there is no log');
  return log;
}

const keysIn = (): Promise<string[]> => redis.client().keys('*');

describe('a leader that dies', () => {
  it('before its first piece is replaced by exactly one follower, whose pieces all receive', async () => {
    const leader = await startLeader('never');
    const held = heldStream();
    const followers = [here, there, here].map((cache) => openText(cache, key, held.factory, OPTIONS));
    await leader.kill();
    const call = await held.call(0);
    call.push('new');
    call.end();
    for (const follower of followers) {
      const reader = readAll(await follower);
      expect(await reader.ended).toBeUndefined();
      expect(reader.pieces).toEqual(['new']);
    }
    expect(held.calls).toHaveLength(1);
  });

  it('after a piece interrupts those who have read it, in time, and is replaced for the others', async () => {
    const leader = await startLeader('old 1', 'old 2');
    await stepTo(leader, 'old 1');
    const held = heldStream();
    const seen = readAll(await openText(here, key, held.factory, OPTIONS));
    await untilReceived(seen, 1);
    const unread = await openText(here, key, held.factory, OPTIONS);
    const whole = there.getOrSetEntry(key, () => 'not called', { ...OPTIONS, signal: undefined });
    const outcome = whole.catch((error: unknown) => error);
    await stepTo(leader, 'old 2');
    await untilReceived(seen, 2);
    await leader.kill();
    expect(await timed(seen.ended)).toBeLessThan(LEASE_MS + 1_000);
    expect(await seen.ended).toMatchObject(INTERRUPTED);
    expect(seen.pieces).toEqual(['old 1', 'old 2']);
    await Promise.race([outcome, held.call(0)]);
    const reader = readAll(unread);
    if (held.calls.length > 0) {
      held.calls[0]!.push('new');
      held.calls[0]!.end();
    }
    expect(await reader.ended).toBeUndefined();
    expect([['new'], ['not called']]).toContainEqual(reader.pieces);
    expect(await outcome).toMatchObject({ value: reader.pieces.join('|') });
  });

  it('is not replaced for those who have all read a piece, also if they do not read on', async () => {
    const leader = await startLeader('old');
    await stepTo(leader, 'old');
    const held = heldStream();
    const stream = await openText(here, key, held.factory, OPTIONS);
    const slow = stream[Symbol.asyncIterator]();
    expect(await slow.next()).toMatchObject({ value: 'old' });
    await leader.kill();
    await until(async () => (await keysIn()).length === 0, { what: 'the end of the lease and the log' });
    // Somebody who waited would have taken over before one who comes now.
    const next = await lead(there, key, OPTIONS, 'next');
    next.call.end();
    await next.received.ended;
    expect(held.calls).toHaveLength(0);
    await expect(slow.next()).rejects.toMatchObject(INTERRUPTED);
    await expect(stream.collected()).rejects.toMatchObject(INTERRUPTED);
  });

  it('is followed by no other pieces for a reader that is behind', async () => {
    const leader = await startLeader('old 1', 'old 2');
    await stepTo(leader, 'old 1');
    const held = heldStream();
    const slow = (await openText(here, key, held.factory, OPTIONS))[Symbol.asyncIterator]();
    expect(await slow.next()).toMatchObject({ value: 'old 1' });
    const fast = readAll(await openText(here, key, held.factory, OPTIONS));
    const unread = await openText(here, key, held.factory, OPTIONS);
    await stepTo(leader, 'old 2');
    await untilReceived(fast, 2);
    await leader.kill();
    const call = await held.call(0);
    call.push('new 1', 'new 2', 'new 3');
    call.end();
    const reader = readAll(unread);
    expect(await reader.ended).toBeUndefined();
    expect(reader.pieces).toEqual(['new 1', 'new 2', 'new 3']);
    expect(await slow.next()).toMatchObject({ value: 'old 2' });
    await expect(slow.next()).rejects.toMatchObject(INTERRUPTED);
    expect(await fast.ended).toMatchObject(INTERRUPTED);
  });
});

describe('a leader that is frozen past its lease', () => {
  it('is replaced, and its late pieces appear nowhere', async () => {
    const leader = await startLeader('old', 'late', 'end');
    await stepTo(leader, 'old');
    const seen = readAll(await openText(here, key, notCalled, OPTIONS));
    await untilReceived(seen, 1);
    leader.signal('SIGSTOP');
    expect(await seen.ended).toMatchObject(INTERRUPTED);
    const successor = await lead(there, key, OPTIONS, 'new');
    leader.signal('SIGCONT');
    await stepTo(leader, 'late');
    step(leader);
    expect(await reportOf(leader)).toEqual({ status: 'miss', error: null });
    const late = readAll(await openText(here, key, notCalled, OPTIONS));
    successor.call.push('newer');
    successor.call.end();
    for (const { pieces, ended } of [successor.received, late]) {
      expect(await ended).toBeUndefined();
      expect(pieces).toEqual(['new', 'newer']);
    }
    expect(piecesOf(leader)).toEqual(['old', 'late']);
    expect(await there.getCachedResponse(key)).toBe('new|newer');
  });
});

describe('Redis', () => {
  beforeEach(() => {
    const options = { connection: { url: redis.url }, commandTimeoutMs: 200 };
    [here, there] = [caches.create(options), caches.create(options)];
  });

  it('killed in the middle: own callers notice nothing, the value is stored when it is back', async () => {
    const { call, received, stream } = await lead(here, key, OPTIONS, 'a');
    const follower = readAll(await openText(there, key, notCalled, OPTIONS));
    await untilReceived(follower, 1);
    await redis.kill();
    call.push('b');
    await untilReceived(received, 2);
    const joined = readAll(await openText(here, key, notCalled, OPTIONS));
    call.push('c');
    call.end();
    for (const { pieces, ended } of [received, joined]) {
      expect(await ended).toBeUndefined();
      expect(pieces).toEqual(['a', 'b', 'c']);
    }
    expect(await stream.collected()).toMatchObject({ value: 'a|b|c', stored: false });
    expect(await follower.ended).toMatchObject(INTERRUPTED);
    await redis.restart();
    await until(async () => (await there.getCachedResponse(key)) === 'a|b|c', { what: 'the late write' });
  });

  it('killed before the first piece: a follower computes on its own', async () => {
    const held = heldStream();
    const leading = openText(here, key, held.factory, OPTIONS);
    const call = await held.call(0);
    const own = heldStream();
    const following = openText(there, key, own.factory, OPTIONS);
    await untilFollowing(there, key);
    await redis.kill();
    const ownCall = await own.call(0);
    for (const one of [call, ownCall]) {
      one.push('a');
      one.end();
    }
    expect((await (await leading).collected()).value).toBe('a');
    expect((await (await following).collected()).value).toBe('a');
  });

  it('frozen for less than the lease: a follower misses nothing', async () => {
    const patience = { leaseMs: 10_000 };
    const { call, received } = await lead(here, key, patience, 'a');
    const follower = readAll(await openText(there, key, notCalled, patience));
    await untilReceived(follower, 1);
    await redis.pause();
    call.push('b');
    await until(() => !here.getStatus().breaker.startsWith('closed'), { what: 'the breaker to open' });
    call.push('c');
    await redis.resume();
    await untilReceived(follower, 3);
    call.push('d');
    call.end();
    for (const { pieces, ended } of [received, follower]) {
      expect(await ended).toBeUndefined();
      expect(pieces).toEqual(['a', 'b', 'c', 'd']);
    }
  });

  it('restarted empty in the middle: own callers notice nothing, followers are interrupted', async () => {
    const { call, received } = await lead(here, key, OPTIONS, 'a');
    const follower = readAll(await openText(there, key, notCalled, OPTIONS));
    await untilReceived(follower, 1);
    await redis.restart();
    call.push('b');
    expect(await follower.ended).toMatchObject(INTERRUPTED);
    call.end();
    expect(await received.ended).toBeUndefined();
    expect(received.pieces).toEqual(['a', 'b']);
    await until(async () => (await there.getCachedResponse(key)) === 'a|b', { what: 'the late write' });
  });
});

describe('what stays in Redis', () => {
  it('after a stream is its entry and nothing else', async () => {
    const { call } = await lead(here, key, OPTIONS, 'a');
    const follower = readAll(await openText(there, key, notCalled, OPTIONS));
    await untilReceived(follower, 1);
    expect((await keysIn()).map((name) => name.split(':')[1]).toSorted()).toEqual([
      'lease',
      'stream',
      'watch',
    ]);
    call.end();
    expect(await follower.ended).toBeUndefined();
    await until(async () => (await keysIn()).join() === `redis-cache:cache:{${key}}`, {
      what: 'the end of the log',
    });
  });

  it.each(['fails', 'is left by all'])('after a stream that %s is nothing', async (how) => {
    const held = heldStream();
    const leading = openText(here, key, held.factory, OPTIONS);
    const call = await held.call(0);
    call.push('a');
    const stream = await leading;
    const follower = await openText(there, key, notCalled, OPTIONS);
    if (how === 'fails') call.fail(new Error('no'));
    for (const one of [stream, follower]) await one[Symbol.asyncIterator]().return!();
    await until(async () => (await keysIn()).length === 0, { what: 'the end of the log' });
  });

  it('of a no-store stream is nothing, also while it goes on', async () => {
    const { call, received } = await lead(here, key, { writePolicy: 'no-store' }, 'a');
    expect(await keysIn()).toEqual([]);
    call.end();
    expect(await received.ended).toBeUndefined();
    expect(await keysIn()).toEqual([]);
  });

  it('of a silent stream lives on while its leader does', async () => {
    const { call } = await lead(here, key, OPTIONS, 'a');
    const log = await logKey();
    let renewals = 0;
    let before = LEASE_MS;
    await until(
      async () => {
        const left = await redis.client().pttl(log);
        if (left > before) renewals += 1;
        before = left;
        return renewals >= 4;
      },
      { what: 'four renewals', everyMs: 10 },
    );
    const follower = readAll(await openText(there, key, notCalled, OPTIONS));
    await untilReceived(follower, 1);
    call.end();
    expect(await follower.ended).toBeUndefined();
  });
});

describe('bounds', () => {
  it('a stream above maxValueBytes reaches its callers, is not kept, and is bounded in Redis', async () => {
    const small = caches.create({ ...patient(), maxValueBytes: 10_000 });
    const text = 'x'.repeat(1_000);
    const { call, received, stream } = await lead(small, key, OPTIONS, text);
    const follower = readAll(await openText(there, key, notCalled, OPTIONS));
    await untilReceived(follower, 1);
    for (let count = 2; count <= 40; count += 1) {
      call.push(text);
      await untilReceived(follower, count);
    }
    const log = await logKey();
    const records = await redis.client().xrange(log, '-', '+');
    expect(records.flatMap(([, fields]) => fields).join('').length).toBeLessThan(11_000);
    const late = openText(caches.create(patient()), key, () => streamOfOne('computed by itself'), OPTIONS);
    call.end();
    for (const { pieces, ended } of [received, follower]) {
      expect(await ended).toBeUndefined();
      expect(pieces).toHaveLength(40);
    }
    expect(await stream.collected()).toMatchObject({ stored: false });
    expect((await (await late).collected()).value).toBe('computed by itself');
  });

  it('a follower that has all pieces of a value that is not stored computes nothing', async () => {
    const { call } = await lead(here, key, { ...OPTIONS, tags: ['tag'] }, 'a');
    const stream = await openText(there, key, notCalled, OPTIONS);
    const follower = readAll(stream);
    await untilReceived(follower, 1);
    await caches.create(patient()).invalidateTags('tag');
    call.push('b');
    call.end();
    expect(await follower.ended).toBeUndefined();
    expect(follower.pieces).toEqual(['a', 'b']);
    expect(await stream.collected()).toMatchObject({ value: 'a|b', stored: false, status: 'collapsed' });
  });

  it('a piece that JSON cannot carry ends the stream for followers only', async () => {
    const held = heldStream<unknown>();
    const options = { ...OPTIONS, collect: () => 'whole', replay: () => ['replayed'] };
    const leading = here.getOrStream(key, held.factory, options);
    const call = await held.call(0);
    call.push('a');
    const leader = readAll(await leading);
    const seen = readAll(await there.getOrStream(key, held.factory, options));
    await untilReceived(seen, 1);
    call.push(1n);
    expect(await seen.ended).toMatchObject(INTERRUPTED);
    const late = there.getOrStream(key, held.factory, options);
    call.push('b');
    call.end();
    expect(await leader.ended).toBeUndefined();
    expect(leader.pieces).toEqual(['a', 1n, 'b']);
    const reader = readAll(await late);
    await reader.ended;
    expect(reader.pieces).toEqual(['replayed']);
    expect(held.calls).toHaveLength(1);
  });

  it('above maxLive followers receive the value at the end', async () => {
    const limited = caches.create({ ...patient(), streams: { maxLive: 1 } });
    const first = await lead(limited, 'other', OPTIONS, 'a');
    const { call } = await lead(limited, key, OPTIONS, 'x');
    expect((await keysIn()).filter((name) => name.includes(':stream:'))).toHaveLength(1);
    const following = openText(there, key, notCalled, OPTIONS);
    call.push('y');
    call.end();
    const reader = readAll(await following);
    await reader.ended;
    expect(reader.pieces).toEqual(['x', 'y']);
    first.call.end();
    await first.received.ended;
    const next = await lead(limited, 'third', OPTIONS, 'a');
    expect((await keysIn()).some((name) => name.includes(':stream:{third}'))).toBe(true);
    next.call.end();
    await next.received.ended;
  });

  it('10,000 pieces without a pause cost at most one write and one read in 10 ms', async () => {
    const count = 10_000;
    const options = { ...OPTIONS, collect: String, replay: () => [0] };
    const first = deferred<void>();
    const factory = async function* (): AsyncGenerator<number> {
      yield 0;
      await first.promise;
      for (let piece = 1; piece < count; piece += 1) {
        yield piece;
        if (piece % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const leader = readAll(await here.getOrStream(key, factory, options));
    const follower = readAll(await there.getOrStream(key, factory, options));
    await untilReceived(follower, 1);
    await redis.client().config('RESETSTAT');
    const ms = await timed(Promise.all([leader.ended, follower.ended, first.resolve()]));
    const stats = await redis.client().info('commandstats');
    const scripts = Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)![1]);
    expect(follower.pieces).toEqual(Array.from({ length: count }, (_, index) => index));
    // Writes, reads, and a few for the lease and the entry.
    expect(scripts).toBeLessThanOrEqual(2 * (ms / 10) + 10);
  });
});

async function* streamOfOne(piece: string): AsyncGenerator<string> {
  yield piece;
}
