/** The bytes that a queue counts in Redis: across versions, other programs and an empty count. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { RedisCacheService, RequestQueue } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer } from '@test/support/index.js';

/** As JSON. */
const SIZE = 10;
const MAX_BYTES = 5 * SIZE;

const request = (name: string): string => name.padEnd(SIZE - 2, '.');

const fill = (queue: RequestQueue, names: string): Promise<boolean[]> =>
  queue.queueRequests(Array.from(names, request));

describe('the bytes of a queue in Redis', () => {
  const caches = new Caches();
  let server: RedisServer;
  let client: Redis;
  let keyPrefix: string;
  let queue: RequestQueue;
  let stream: string;
  let count: string;

  beforeAll(async () => {
    LogCapture.start();
    server = await RedisServer.start();
    client = new Redis(server.url);
  });

  beforeEach(() => {
    keyPrefix = freshPrefix();
    stream = `${keyPrefix}:queue:{q}`;
    count = `${keyPrefix}:bytes:{q}`;
    queue = open().queue();
  });

  afterEach(() => caches.closeAll());

  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });

  const open = (): RedisCacheService =>
    caches.create({
      connection: { url: server.url },
      keyPrefix,
      queue: { name: 'q', maxBytes: MAX_BYTES },
    });

  const bytes = async (): Promise<number> => (await queue.getQueueStats()).bytes;

  /** As a version does that counts no bytes. */
  const addUncounted = async (...names: string[]): Promise<void> => {
    for (const name of names) await client.xadd(stream, '*', 'request', JSON.stringify(request(name)));
  };

  it('have the limit for all processes together, and getQueueStats shows them', async () => {
    const other = open().queue();
    const results = await Promise.all([fill(queue, 'abcd'), fill(other, 'efgh')]);
    expect(results.flat().filter(Boolean)).toHaveLength(5);
    expect(await queue.queueOutcome(request('i'))).toBe('full');
    expect(await other.getQueueStats()).toMatchObject({ waiting: 5, bytes: MAX_BYTES });
  });

  it('are at most too low until a queue is empty to which an older version has added requests', async () => {
    await client.xgroup('CREATE', stream, 'requests', '0', 'MKSTREAM');
    await addUncounted('a', 'b', 'c', 'd', 'e', 'f');
    expect(await fill(queue, 'ghijkl')).toEqual([true, true, true, true, true, false]);
    const reserved = await queue.reserveRequests<string>(7);
    expect(reserved.map(({ data }) => data[0])).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    expect(await queue.acknowledgeRequests(reserved.map(({ id }) => id))).not.toContain(false);
    expect(await bytes()).toBe(0);
    expect(await queue.dequeueRequests(4)).toHaveLength(4);
    expect(await fill(queue, 'mnopqr')).toEqual([true, true, true, true, true, false]);
    expect(await bytes()).toBe(MAX_BYTES);
  });

  it('are right again once a queue is empty from which an older version has removed requests', async () => {
    await fill(queue, 'abcde');
    const [first, second] = await client.xrange(stream, '-', '+');
    await client.xdel(stream, first![0], second![0]);
    expect(await fill(queue, 'f')).toEqual([false]);
    expect(await queue.dequeueRequests(3)).toHaveLength(3);
    expect(await bytes()).toBe(0);
    expect(await fill(queue, 'abcde')).not.toContain(false);
    await client.del(stream);
    expect(await fill(queue, 'abcde')).not.toContain(false);
    expect(await bytes()).toBe(MAX_BYTES);
  });

  it('never become negative when their count is lost', async () => {
    await fill(queue, 'abc');
    await client.del(count);
    expect(await queue.dequeueRequests(2)).toHaveLength(2);
    expect(await bytes()).toBe(0);
    expect(await fill(queue, 'de')).toEqual([true, true]);
    expect(await bytes()).toBe(2 * SIZE);
    await queue.dequeueRequests(3);
    expect(await bytes()).toBe(0);
  });

  it('do not lose what a request did not add, delivered alone or with many', async () => {
    const json = JSON.stringify(request('z'));
    for (const limit of [3, 100]) {
      await fill(queue, 'ab');
      await client.xadd(stream, '*', 'request', json, 'uncounted', '1');
      const ids = (await queue.reserveRequests(limit)).map(({ id }) => id);
      expect(await queue.acknowledgeRequests(ids.slice(1))).toEqual([true, true]);
      expect(await bytes()).toBe(SIZE);
      await queue.acknowledgeRequest(ids[0]!);
      expect(await bytes()).toBe(0);
    }
  });

  it('are exact after deliveries of every kind were acknowledged together', async () => {
    await fill(queue, 'abcde');
    const [one, two, three] = await queue.reserveRequests(3);
    await queue.extendLease(one!.id);
    await queue.releaseRequest(two!.id);
    await queue.rejectRequest(three!.id);
    const again = await queue.reserveRequests(3);
    const ids = [one, two, three, ...again].map((delivery) => delivery!.id);
    expect(await queue.acknowledgeRequests(ids)).toEqual([true, false, false, true, true, true]);
    expect(await bytes()).toBe(0);
    expect(await client.get(count)).toBe('0');
    const [letter] = await queue.listDeadLetters();
    expect(await queue.replayDeadLetter(letter!.id)).toBe(true);
    expect(await bytes()).toBe(SIZE);
    await queue.clearQueue();
    expect(await client.exists(count)).toBe(0);
    expect(await queue.getQueueStats()).toMatchObject({ waiting: 0, reserved: 0, bytes: 0 });
  });
});
