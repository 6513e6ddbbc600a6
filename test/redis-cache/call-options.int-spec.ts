import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Caches, PATIENT_MS } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer } from '@test/support/index.js';

const caches = new Caches({ commandTimeoutMs: PATIENT_MS });
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(async () => {
  await caches.closeAll();
  await redis.stop();
});

it('an unknown option is refused by a near hit as well', async () => {
  const cache = caches.create({ connection: { url: redis.url }, near: {} });
  expect(await cache.isConnected()).toBe(true);
  expect(await cache.getOrSet('key', () => 1)).toBe(1);
  expect(await cache.getOrSet('key', () => 2)).toBe(1);
  expect(cache.lookupNear('key')).toMatchObject({ value: 1, source: 'near' });
  for (const wrong of [{ ttl: 5 }, 60, null]) {
    const refusal = { code: 'ERR_CACHE_INVALID_OPTION' };
    await expect(cache.getOrSet('key', () => 2, wrong as never)).rejects.toMatchObject(refusal);
    await expect(cache.getOrSetEntry('key', () => 2, wrong as never)).rejects.toMatchObject(refusal);
    await expect(cache.lookup('key', wrong as never)).rejects.toMatchObject(refusal);
  }
  const pieces = { collect: () => 1, replay: () => [1], ttl: 5 } as never;
  await expect(cache.getOrStream('key', async function* () {}, pieces)).rejects.toMatchObject({
    field: 'ttl',
  });
});
