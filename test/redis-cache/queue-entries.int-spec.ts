/** What remains in Redis of acknowledged requests, and that ids the queue never returned have no effect. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer } from '@test/support/index.js';

describe('entries of a queue', () => {
  const caches = new Caches();
  let server: RedisServer;
  let client: Redis;
  let cache: RedisCacheService;
  let stream: string;

  beforeAll(async () => {
    LogCapture.start();
    server = await RedisServer.start();
    client = new Redis(server.url);
  });

  beforeEach(() => {
    const keyPrefix = freshPrefix();
    stream = `${keyPrefix}:queue:{q}`;
    cache = caches.create({ connection: { url: server.url }, keyPrefix, queue: { name: 'q' } });
  });

  afterEach(() => caches.closeAll());

  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });

  const idsLeft = async (): Promise<string[]> => (await client.xrange(stream, '-', '+')).map(([id]) => id);

  const reserved = async (count: number): Promise<string[]> =>
    (await cache.queue().reserveRequests(count, { leaseSeconds: 60 })).map(({ id }) => id);

  it.each([1, 15, 16, 40])(
    'are removed when %d were acknowledged, and the later ones stay',
    async (count) => {
      await cache.queue().queueRequests(Array.from({ length: count + 3 }, (_, index) => index));
      const behind = (await idsLeft()).slice(count);
      expect(await cache.queue().acknowledgeRequests(await reserved(count))).not.toContain(false);
      expect(await idsLeft()).toEqual(behind);
    },
  );

  it('are removed while earlier ones are still reserved', async () => {
    await cache.queue().queueRequests(Array.from({ length: 60 }, (_, index) => index));
    const all = await idsLeft();
    const [first, second] = [await reserved(20), await reserved(20)];
    await cache.queue().acknowledgeRequests(second);
    expect(await idsLeft()).toEqual([...all.slice(0, 20), ...all.slice(40)]);
    await cache.queue().acknowledgeRequests(first);
    expect(await idsLeft()).toEqual(all.slice(40));
  });

  it('never get the id of one that was delivered before the queue was cleared', async () => {
    // A clock that is set back, or that stands still for a moment, would bring the same id again.
    const id = `${Date.now() + 3_600_000}-7`;
    await client.xadd(stream, id, 'request', '"old"');
    const [old] = await reserved(1);
    expect(await cache.queue().clearQueue()).toBe(true);
    await expect(client.xadd(stream, id, 'request', '"new"')).rejects.toThrow('equal or smaller');
    await cache.queueRequest('new');
    const [added] = await reserved(1);
    expect(added).not.toBe(old);
    expect(await cache.queue().acknowledgeRequest(old!)).toBe(false);
    expect(await cache.queue().acknowledgeRequest(added!)).toBe(true);
    expect(await cache.queue().clearQueue()).toBe(true);
    expect(await cache.queue().clearQueue()).toBe(true);
    expect(await idsLeft()).toEqual([]);
  });

  it('that are not reserved yet cannot be acknowledged, alone or with others', async () => {
    await cache.queue().queueRequests(Array.from({ length: 20 }, (_, index) => index));
    const entries = await idsLeft();
    const held = await reserved(18);
    const unread = entries.slice(18);
    expect(await cache.queue().acknowledgeRequests(unread)).toEqual([false, false]);
    expect(await cache.queue().acknowledgeRequests([...held, ...unread])).toEqual([
      ...held.map(() => true),
      false,
      false,
    ]);
    expect(await idsLeft()).toEqual(unread);
    expect(await cache.queue().dequeueRequests(5)).toEqual([18, 19]);
  });

  it.each(['-', '+', '>', '$', '*', 'none', 'x:1', '1-1:', '1-1:x', '(0-1', '99999999999999999999-1', '\0'])(
    'are not affected by an id like %j',
    async (id) => {
      await cache.queue().queueRequests([1, 2, 3]);
      const [one, two] = await reserved(2);
      expect(await cache.queue().acknowledgeRequests([id])).toEqual([false]);
      expect(await cache.queue().acknowledgeRequests([id, one!, id])).toEqual([false, true, false]);
      expect([await cache.queue().extendLease(id), await cache.queue().releaseRequest(id)]).toEqual([
        false,
        false,
      ]);
      await cache.queue().extendLease(two!);
      expect(await cache.queue().acknowledgeRequests([id])).toEqual([false]);
      expect(await cache.queue().getQueueStats()).toMatchObject({ waiting: 1, reserved: 1 });
      expect(cache.getStatus()).toMatchObject({ breaker: 'closed', lastError: null });
    },
  );

  it('that another program has claimed cannot be acknowledged by their former consumer', async () => {
    await cache.queue().queueRequests([1, 2]);
    const held = await reserved(2);
    // The claim is a delivery that counts.
    await client.xclaim(stream, 'requests', 'somebody', 0, (await idsLeft())[0]!);
    expect(await cache.queue().acknowledgeRequests(held)).toEqual([false, true]);
    expect(await idsLeft()).toHaveLength(1);
  });
});
