/** Redis frozen, restarted or failed over in the middle of a stream: nobody hangs, nothing paid is lost. */
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RedisCacheOptions, RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisSentinels, RedisServer, until, within } from '@test/support/index.js';
import { heldStream, readAll } from '../held-stream.js';
import { lead, notCalled, openText, untilFollowing, untilReceived } from '../stream-pair.js';

const OPTIONS = { leaseMs: 600 };
const INTERRUPTED = { code: 'ERR_STREAM_INTERRUPTED' };
/** How long anybody may wait for the end of a stream that can no longer be followed. */
const NOT_HANGING = { timeoutMs: 20_000, what: 'the end' };

const caches = new Caches();
const servers: { stop(): Promise<unknown> }[] = [];
let key: string;

beforeAll(() => {
  LogCapture.start();
});

afterEach(async () => {
  await caches.closeAll();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** Two caches, each as in a process of its own. */
async function connect(connection: RedisCacheOptions['connection']): Promise<RedisCacheService[]> {
  key = `key of ${freshPrefix()}`;
  const pair = [1, 2].map(() => caches.create({ connection, commandTimeoutMs: 300 }));
  for (const cache of pair) await untilPhase(cache, 'serving');
  return pair;
}

async function standalone() {
  const redis = await RedisServer.start();
  servers.push(redis);
  const [here, there] = await connect({ url: redis.url });
  return { redis, here: here!, there: there! };
}

describe('Redis frozen for longer than the lease', () => {
  it('own callers notice nothing, followers are interrupted, the value is stored when it is back', async () => {
    const { redis, here, there } = await standalone();
    const { call, received, stream } = await lead(here, key, OPTIONS, 'a');
    const follower = readAll(await openText(there, key, notCalled, OPTIONS));
    await untilReceived(follower, 1);
    await redis.pause();
    for (const piece of ['b', 'c']) {
      call.push(piece);
      await untilReceived(received, piece === 'b' ? 2 : 3);
    }
    expect(await within(follower.ended, NOT_HANGING)).toMatchObject(INTERRUPTED);
    expect(follower.pieces).toEqual(['a']);
    const joined = readAll(await openText(here, key, notCalled, OPTIONS));
    call.end();
    for (const { pieces, ended } of [received, joined]) {
      expect(await within(ended, NOT_HANGING)).toBeUndefined();
      expect(pieces).toEqual(['a', 'b', 'c']);
    }
    expect(await stream.collected()).toMatchObject({ value: 'a|b|c', stored: false });
    await redis.resume();
    await until(async () => (await there.getCachedResponse(key)) === 'a|b|c', { what: 'the late write' });
  });

  it('a follower that has received nothing computes on its own', async () => {
    const { redis, here, there } = await standalone();
    const held = heldStream();
    const leading = openText(here, key, held.factory, OPTIONS);
    const call = await held.call(0);
    const own = heldStream();
    const following = openText(there, key, own.factory, OPTIONS);
    await untilFollowing(there, key);
    expect(own.calls).toHaveLength(0);
    await redis.pause();
    const ownCall = await own.call(0);
    call.push('led');
    ownCall.push('own');
    const readers = [readAll(await leading), readAll(await following)];
    for (const one of [call, ownCall]) one.end();
    for (const { ended } of readers) expect(await within(ended, NOT_HANGING)).toBeUndefined();
    expect(readers.map(({ pieces }) => pieces)).toEqual([['led'], ['own']]);
    await redis.resume();
  });
});

describe('a fail-over of Sentinel in the middle', () => {
  it('own callers notice nothing, nobody hangs, and the value reaches the new master', async () => {
    const setUp = await RedisSentinels.start({ downAfterMs: 500 });
    servers.push(setUp);
    const { sentinels, masterName: sentinelName } = setUp;
    const [here, there] = await connect({ sentinels, sentinelName });
    const { call, received } = await lead(here!, key, OPTIONS, 'a');
    const follower = readAll(await openText(there!, key, notCalled, OPTIONS));
    call.push('b');
    await untilReceived(follower, 2);
    const failover = setUp.awaitFailover();
    await setUp.master.kill();
    call.push('c');
    await untilReceived(received, 3);
    expect(await within(follower.ended, NOT_HANGING)).toMatchObject(INTERRUPTED);
    expect(follower.pieces).toEqual(['a', 'b']);
    await failover;
    await untilPhase(there!, 'serving');
    call.push('d');
    call.end();
    expect(await within(received.ended, NOT_HANGING)).toBeUndefined();
    expect(received.pieces).toEqual(['a', 'b', 'c', 'd']);
    await until(async () => (await there!.getCachedResponse(key)) === 'a|b|c|d', {
      what: 'the value on the new master',
    });
    const next = readAll(await openText(there!, key, notCalled, OPTIONS));
    expect(await next.ended).toBeUndefined();
    expect(next.pieces).toEqual(['a', 'b', 'c', 'd']);
  });
});
