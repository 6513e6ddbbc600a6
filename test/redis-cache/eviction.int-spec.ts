import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createRedisCache, type RedisCacheService } from 'nestjs-redis-cache/core';
import { PATIENT_MS } from '@test/fixtures/redis-cache/caches.js';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { RedisServer } from '@test/support/index.js';

/** Values of this size fill the server within a few hundred writes. */
const RESPONSE = 'x'.repeat(20_000);
const MEMORY = 8 * 1024 * 1024;

let server: RedisServer;
let cache: RedisCacheService;

beforeAll(async () => {
  server = await RedisServer.start({
    extraArgs: ['--maxmemory', String(MEMORY), '--maxmemory-policy', 'volatile-lru'],
  });
  const connection = { url: server.url };
  cache = createRedisCache({ connection, commandTimeoutMs: PATIENT_MS }, { logger: new RecordingLogger() });
});

afterAll(async () => {
  await cache.close();
  await server.stop();
});

it('a full Redis with volatile-lru evicts entries, and no request, dead letter or counter', async () => {
  const queue = cache.queue();
  for (const request of [1, 2, 3]) expect(await queue.queueRequest(request)).toBe(true);
  const failed = await queue.reserveRequest();
  expect(await queue.rejectRequest(failed!.id, 'broken')).toBe(true);
  expect(await cache.sharedCounters.add('savings', { hits: 7 })).toBe(true);
  for (let entry = 0; entry < 1_000; entry += 1) {
    expect(await cache.cacheResponse(`entry-${entry}`, RESPONSE)).toBe(true);
  }
  const info = await server.client().info('stats');
  expect(Number(/evicted_keys:(\d+)/.exec(info)?.[1])).toBeGreaterThan(0);
  expect(await queue.getQueueStats()).toMatchObject({ waiting: 2, dead: 1 });
  expect(await cache.sharedCounters.read('savings')).toEqual({ hits: 7 });
  expect(await cache.getWarnings()).toEqual([]);
});
