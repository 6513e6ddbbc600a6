import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer, until } from '@test/support/index.js';

let redis: RedisServer;
const caches = new Caches();

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(() => redis?.stop());

afterEach(() => caches.closeAll());

async function open(): Promise<RedisCacheService> {
  const cache = caches.create({ connection: { host: redis.host, port: redis.port } });
  expect(await cache.isConnected()).toBe(true);
  return cache;
}

it.each<[string, (other: RedisCacheService, key: string) => Promise<boolean>]>([
  ['deletes the key', (other, key) => other.delete(key)],
  ['clears the cache', (other) => other.clearCache()],
  ['invalidates the tag', (other) => other.invalidateTags('tag')],
])('a caller after another process %s never receives an older result', async (what, invalidate) => {
  const [here, other] = [await open(), await open()];
  let begun!: () => void;
  let finish!: (value: string) => void;
  const started = new Promise<void>((resolve) => (begun = resolve));
  let calls = 0;
  const factory = (): Promise<string> => {
    calls += 1;
    begun();
    return calls === 1 ? new Promise((resolve) => (finish = resolve)) : Promise.resolve('new');
  };
  const before = here.getOrSet(what, factory, { tags: ['tag'] });
  await started;
  expect(await invalidate(other, what)).toBe(true);
  const after = here.getOrSet(what, factory, { tags: ['tag'] });
  finish('old');
  expect(await before).toBe('old');
  expect(await after).toBe('new');
  expect(await other.getCachedResponse(what)).toBe('new');
  expect(calls).toBe(2);
});

it('an entry deleted while its computation was cut off from Redis is not stored afterwards', async () => {
  const [here, other] = [await open(), await open()];
  let begun!: () => void;
  let finish!: (value: string) => void;
  const started = new Promise<void>((resolve) => (begun = resolve));
  const before = here.getOrSet('cut', () => {
    begun();
    return new Promise<string>((resolve) => (finish = resolve));
  });
  await started;
  await redis.client().call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES');
  await until(() => other.isConnected(), { what: 'the other cache to reconnect' });
  expect(await other.delete('cut')).toBe(true);
  await until(() => here.isConnected(), { what: 'this cache to reconnect' });
  finish('old');
  expect(await before).toBe('old');
  expect(await other.getCachedResponse('cut')).toBeNull();
});

it('with crossProcess false a caller computes itself, and only the lease holder stores its value', async () => {
  const [here, other] = [await open(), await open()];
  let begun!: () => void;
  let finish!: (value: string) => void;
  const started = new Promise<void>((resolve) => (begun = resolve));
  const holder = here.getOrSet('alone', () => {
    begun();
    return new Promise<string>((resolve) => (finish = resolve));
  });
  await started;
  expect(await other.getOrSet('alone', () => 'own', { crossProcess: false })).toBe('own');
  expect(await other.getCachedResponse('alone')).toBeNull();
  finish('theirs');
  await holder;
  expect(await other.getCachedResponse('alone')).toBe('theirs');
});
