import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisServer } from '@test/support/index.js';

const HOUR_MS = 3_600_000;

describe('shared counters on Redis', () => {
  let server: RedisServer;
  let caches: Caches;
  const keyPrefix = freshPrefix();

  beforeAll(async () => {
    LogCapture.start();
    server = await RedisServer.start();
    caches = new Caches({ connection: { url: server.url }, keyPrefix });
  });

  afterEach(() => caches.closeAll());

  afterAll(() => server.stop());

  async function serving(): Promise<RedisCacheService> {
    const cache = caches.create();
    expect(await cache.isConnected()).toBe(true);
    return cache;
  }

  it('are shared by all instances, and outlive them', async () => {
    const [one, two] = await Promise.all([serving(), serving()]);
    await Promise.all([
      one.sharedCounters.add('shared', { hits: 1 }),
      two.sharedCounters.add('shared', { hits: 2 }),
    ]);
    expect((await one.sharedCounters.countInWindow('shared', 60_000))?.count).toBe(1);
    expect((await two.sharedCounters.countInWindow('shared', 60_000))?.count).toBe(2);
    await caches.closeAll();
    const three = await serving();
    expect(await three.sharedCounters.read('shared')).toEqual({ hits: 3 });
    expect((await three.sharedCounters.countInWindow('shared', 60_000))?.count).toBe(3);
  });

  it('count a batch once if a frozen server received it and it is sent again', async () => {
    const cache = await serving();
    const batch = { writer: 'me', sequence: 1 };
    await server.pause();
    expect(await cache.sharedCounters.add('frozen', { hits: 1 }, batch)).toBe(false);
    await server.resume();
    await untilPhase(cache, 'serving');
    expect(await cache.sharedCounters.add('frozen', { hits: 1 }, batch)).toBe(true);
    expect(await cache.sharedCounters.read('frozen')).toEqual({ hits: 1 });
    expect(await cache.sharedCounters.add('frozen', { hits: 1 }, { ...batch, sequence: 2 })).toBe(true);
    expect(await cache.sharedCounters.read('frozen')).toEqual({ hits: 2 });
  });

  it('leave one key of each writer, for an hour after its latest batch', async () => {
    const cache = await serving();
    const client = server.client();
    const key = `${keyPrefix}:batch:{brief}:process`;
    const add = (sequence: number): Promise<boolean> =>
      cache.sharedCounters.add('brief', { hits: 1 }, { writer: 'process', sequence });
    expect(await add(1)).toBe(true);
    await client.pexpire(key, 1_000);
    expect(await add(2)).toBe(true);
    const remainingMs = await client.pttl(key);
    expect(remainingMs).toBeGreaterThan(HOUR_MS / 2);
    expect(remainingMs).toBeLessThanOrEqual(HOUR_MS);
  });

  it('do not change if one of the fields is not a number', async () => {
    const cache = await serving();
    await cache.sharedCounters.add('spoilt', { hits: 1 });
    await server.client().hset(`${keyPrefix}:tally:{spoilt}`, 'foreign', 'text');
    expect(await cache.sharedCounters.add('spoilt', { hits: 1, foreign: 1 })).toBe(false);
    expect(await cache.sharedCounters.read('spoilt')).toEqual({ hits: 1 });
    expect(cache.getStatus().breaker).toBe('closed');
  });
});
