import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RedisCacheOptions } from 'nestjs-redis-cache';
import { RedisThrottlerStorage } from 'nestjs-redis-cache/throttler';
import { Caches, freshPrefix, PATIENT_MS } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisCluster, RedisServer, Stopwatch, until } from '@test/support/index.js';

const MINUTE = 60_000;

let server: RedisServer;
let caches: Caches;

beforeAll(async () => {
  LogCapture.start();
  server = await RedisServer.start();
  caches = new Caches({ connection: { url: server.url } });
});

afterEach(() => caches.closeAll());

afterAll(() => server.stop());

function open(options: RedisCacheOptions = {}): RedisThrottlerStorage {
  return new RedisThrottlerStorage(caches.create({ keyPrefix: freshPrefix(), ...options }));
}

describe('a throttler on Redis', () => {
  it('allows the limit, then blocks, in whole seconds', async () => {
    const storage = open();
    const call = () => storage.increment('key', MINUTE, 2, 120_000, 'default');
    const allowed = { timeToExpire: 60, isBlocked: false, timeToBlockExpire: 0 };
    expect(await call()).toEqual({ totalHits: 1, ...allowed });
    expect(await call()).toMatchObject({ totalHits: 2, isBlocked: false, timeToBlockExpire: 0 });
    const blocked = { totalHits: 3, isBlocked: true };
    expect(await call()).toMatchObject({ ...blocked, timeToBlockExpire: 120 });
    expect(await call()).toMatchObject(blocked);
  });

  it('blocks until the window ends if there is no block duration', async () => {
    const storage = open();
    await storage.increment('key', MINUTE, 1, 0, 'default');
    const call = await storage.increment('key', MINUTE, 1, 0, 'default');
    expect(call).toMatchObject({ totalHits: 2, isBlocked: true });
    expect(call.timeToBlockExpire).toBeGreaterThan(50);
    expect(call.timeToBlockExpire).toBeLessThanOrEqual(60);
  });

  it('refuses and does not count all further calls of a window', async () => {
    const storage = open();
    const calls = [];
    while (calls.length < 5) calls.push(await storage.increment('key', MINUTE, 2, 0, 'default'));
    expect(calls.map(({ isBlocked }) => isBlocked)).toEqual([false, false, true, true, true]);
    expect(calls.map(({ totalHits }) => totalHits)).toEqual([1, 2, 3, 3, 3]);
  });

  it('does not extend a window by calls that it refuses', async () => {
    const storage = open();
    const call = () => storage.increment('key', 300, 1, 0, 'default');
    await until(async () => (await call()).isBlocked, { what: 'the end of the limit' });
    await until(async () => !(await call()).isBlocked, { what: 'the end of the window', everyMs: 5 });
  });

  it('keeps the count of one key while another is blocked and released', async () => {
    const storage = open();
    const busy = () => storage.increment('busy', 100, 1, 100, 'default');
    for (let totalHits = 1; totalHits <= 3; totalHits += 1) {
      await until(async () => (await busy()).isBlocked, { what: 'the block' });
      const quiet = await storage.increment('quiet', MINUTE, 3, MINUTE, 'default');
      expect(quiet).toMatchObject({ totalHits, isBlocked: false });
      await until(async () => !(await busy()).isBlocked, { what: 'the end of the block' });
    }
  });

  it('counts again from 1 after the block', async () => {
    const storage = open();
    const call = () => storage.increment('key', MINUTE, 1, 100, 'default');
    await call();
    expect(await call()).toMatchObject({ isBlocked: true, timeToBlockExpire: 1 });
    const { totalHits } = await until(
      async () => {
        const record = await call();
        return record.isBlocked ? undefined : record;
      },
      { what: 'the block to end' },
    );
    expect(totalHits).toBe(1);
  });

  it('allows exactly the limit over several processes', async () => {
    const keyPrefix = freshPrefix();
    const storages = Array.from({ length: 4 }, () => open({ keyPrefix }));
    const calls = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        storages[index % 4]!.increment('key', MINUTE, 30, MINUTE, 'default'),
      ),
    );
    expect(calls.filter(({ isBlocked }) => !isBlocked)).toHaveLength(30);
  });

  it('counts each throttler and each key for itself, however long the key', async () => {
    const storage = open();
    const hits = async (key: string, name: string) =>
      (await storage.increment(key, MINUTE, 5, 0, name)).totalHits;
    const long = 'x'.repeat(5_000);
    expect(await hits('key', 'short')).toBe(1);
    expect(await hits('key', 'long')).toBe(1);
    expect(await hits(`${long}1`, 'short')).toBe(1);
    expect(await hits(`${long}2`, 'short')).toBe(1);
    expect(await hits(`${long}2`, 'short')).toBe(2);
    expect(await hits('\ud800', 'short')).toBe(1);
    expect(await hits('}{', 'short')).toBe(1);
  });

  it('takes fractions, an infinite limit, and a limit of none', async () => {
    const storage = open();
    expect(await storage.increment('a', 0.5, 1, 0.5, 'x')).toMatchObject({ totalHits: 1, timeToExpire: 1 });
    expect(await storage.increment('b', MINUTE, Infinity, MINUTE, 'x')).toMatchObject({ isBlocked: false });
    expect(await storage.increment('c', 1_000, 0, 1_000, 'x')).toMatchObject({
      isBlocked: true,
      timeToBlockExpire: 1,
    });
  });

  it('leaves one key for each caller, and none behind', async () => {
    const keyPrefix = freshPrefix();
    const storage = open({ keyPrefix });
    await storage.increment('key', 50, 1, 0, 'default');
    const keys = () => server.client().keys(`${keyPrefix}:limit:*`);
    await until(async () => (await keys()).length === 0, { what: 'the key to expire' });
  });

  it('refuses unknown options', () => {
    const cache = caches.create();
    expect(() => new RedisThrottlerStorage(cache, { whenUnavailable: 'fail' as never })).toThrow(
      /whenUnavailable must be 'count' or 'allow'/,
    );
    expect(() => new RedisThrottlerStorage(cache, { when: 'count' } as never)).toThrow(/when/);
  });
});

describe('a throttler without Redis', () => {
  it.each(['frozen', 'killed'] as const)('counts in its process while Redis is %s', async (fault) => {
    const redis = await RedisServer.start();
    const connection = { url: redis.url };
    const cache = caches.create({ connection, keyPrefix: freshPrefix(), commandTimeoutMs: 500 });
    const counting = new RedisThrottlerStorage(cache);
    const allowing = new RedisThrottlerStorage(cache, { whenUnavailable: 'allow' });
    const call = (storage: RedisThrottlerStorage) => storage.increment('key', MINUTE, 1, 0, 'default');
    expect(await call(counting)).toMatchObject({ totalHits: 1, isBlocked: false });
    await (fault === 'frozen' ? redis.pause() : redis.kill());

    const watch = Stopwatch.start();
    expect(await call(counting)).toMatchObject({ totalHits: 1, isBlocked: false });
    expect(await call(counting)).toMatchObject({ totalHits: 2, isBlocked: true });
    for (let calls = 0; calls < 50; calls += 1) {
      expect(await call(allowing)).toMatchObject({ isBlocked: false, timeToBlockExpire: 0 });
    }
    expect(watch.stop()).toBeLessThan(PATIENT_MS);

    await (fault === 'frozen' ? redis.resume() : redis.restart());
    await untilPhase(cache, 'serving');
    expect(await counting.increment('other', MINUTE, 1, 0, 'default')).toMatchObject({ totalHits: 1 });
    expect(await allowing.increment('other', MINUTE, 1, 0, 'default')).toMatchObject({ isBlocked: true });
    await redis.stop();
  });
});

describe('a throttler on a Cluster', () => {
  it('counts every key on its node', async () => {
    const cluster = await RedisCluster.start();
    const storage = open({ connection: { clusterNodes: cluster.addresses } });
    for (let at = 0; at < 20; at += 1) {
      await storage.increment(`key-${at}`, MINUTE, 1, 0, 'default');
      expect(await storage.increment(`key-${at}`, MINUTE, 1, 0, 'default')).toMatchObject({
        totalHits: 2,
        isBlocked: true,
      });
    }
    await caches.closeAll();
    await cluster.stop();
  });
});
