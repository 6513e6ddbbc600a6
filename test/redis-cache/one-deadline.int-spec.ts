import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer, Stopwatch } from '@test/support/index.js';

const DEADLINE_MS = 1_000;
const PAUSE_MS = 20_000;
const READS = 50;

describe('an operation of several commands', () => {
  let server: RedisServer;
  let caches: Caches;
  let cache: RedisCacheService;

  beforeAll(async () => {
    server = await RedisServer.start();
    const { host, port } = server;
    caches = new Caches({ connection: { host, port }, commandTimeoutMs: DEADLINE_MS });
  });

  beforeEach(async () => {
    cache = caches.create({ keyPrefix: freshPrefix() });
    await cache.isConnected();
    // A server refuses no write from here on, yet replies to none: those behind it wait as well.
    await server.client().config('RESETSTAT');
    await server.client().call('CLIENT', 'PAUSE', PAUSE_MS, 'WRITE');
  });

  afterEach(async () => {
    await server.client().call('CLIENT', 'UNPAUSE');
    await caches.closeAll();
  });

  afterAll(() => server.stop());

  /** How often the server ran each of these commands, once it has run all it was sent. */
  async function sent(...names: string[]): Promise<number[]> {
    await server.client().call('CLIENT', 'UNPAUSE');
    await caches.closeAll();
    const stats = await server.client().info('commandstats');
    return names.map((name) =>
      Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0),
    );
  }

  it('takes one deadline, whatever it does inside', async () => {
    const watch = Stopwatch.start();
    // Its reply keeps the server from looking like a frozen one.
    const early = cache.getCachedResponse('early');
    const isWritable = cache.isWritable();
    const reads = Array.from({ length: READS }, () => cache.getCachedResponse('key'));
    expect(await Promise.all(reads)).toEqual(Array(READS).fill(null));
    expect(watch.stop()).toBeLessThan(2 * DEADLINE_MS - 100);
    expect([await early, await isWritable]).toEqual([null, false]);
    expect(cache.getCounters()).toMatchObject({ timeouts: READS + 1, trips: 0 });
    expect(await sent('get', 'evalsha', 'eval', 'type')).toEqual([READS + 1, 0, 0, 0]);
  });

  it('computes after one deadline, also a value with tags', async () => {
    const watch = Stopwatch.start();
    const early = cache.getCachedResponse('early');
    const writable = cache.isWritable();
    const computing = cache.getOrSet('key', async () => watch.stop(), { tags: ['tag'] });
    expect(await computing).toBeLessThan(2 * DEADLINE_MS - 100);
    await Promise.all([early, writable]);
  });
});
