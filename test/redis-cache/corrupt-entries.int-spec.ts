import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until } from '@test/support/index.js';

const GARBAGE: [string, (good: Buffer) => Buffer | string][] = [
  ['nothing at all', () => ''],
  ['text', () => 'this is no JSON'],
  ['random bytes', () => Buffer.from([0xff, 0, 0xfe, 0x80, 1, 2, 3])],
  ['a pickle of Python', () => Buffer.from([0x80, 4, 0x95, 0x0b, 0, 0])],
  ['half of some JSON', () => '{"answer": "forty'],
  ['JSON in latin1', () => Buffer.from('"Jürgen"', 'latin1')],
  ['an entry cut in its header', (good) => good.subarray(0, 10)],
  ['an entry cut behind its header', (good) => good.subarray(0, 26)],
  ['an entry without its last byte', (good) => good.subarray(0, -1)],
  ['an entry with a byte too many', (good) => Buffer.concat([good, Buffer.from('1')])],
  ['an entry of another version', (good) => Buffer.concat([Buffer.from([0x7f]), good.subarray(1)])],
  [
    'an entry with unknown flags',
    (good) => Buffer.concat([good.subarray(0, 1), Buffer.from([0xff]), good.subarray(2)]),
  ],
];

const FOREIGN: [string, (redis: Redis, key: string) => Promise<unknown>][] = [
  ['a list', (redis, key) => redis.rpush(key, 'a', 'b')],
  ['a hash', (redis, key) => redis.hset(key, 'field', 'value')],
  ['a set', (redis, key) => redis.sadd(key, 'member')],
  ['a sorted set', (redis, key) => redis.zadd(key, 1, 'member')],
  ['a stream', (redis, key) => redis.xadd(key, '*', 'field', 'value')],
];

describe('a corrupt entry', () => {
  const caches = new Caches();
  let server: RedisServer;
  let admin: Redis;
  let cache: RedisCacheService;
  let log: LogCapture;
  let entry: string;
  let queue: string;

  beforeAll(async () => {
    server = await RedisServer.start();
    admin = server.client();
  });

  beforeEach(() => {
    log = LogCapture.start();
    const keyPrefix = freshPrefix();
    entry = `${keyPrefix}:cache:{key}`;
    queue = `${keyPrefix}:queue:{requests}`;
    cache = caches.create({ connection: { url: server.url }, keyPrefix });
  });

  afterEach(() => caches.closeAll());

  afterAll(() => server.stop());

  const untilGone = (): Promise<unknown> =>
    until(async () => (await admin.exists(entry)) === 0, { what: 'the entry to be removed' });

  async function expectServing(): Promise<void> {
    expect(cache.getStatus()).toMatchObject({ phase: 'serving', breaker: 'closed', writable: true });
    expect(await cache.cacheResponse('key', 'good again')).toBe(true);
    expect(await cache.getCachedResponse('key')).toBe('good again');
  }

  it.each(GARBAGE)('made of %s is a miss once, then removed', async (_what, spoil) => {
    await cache.cacheResponse('key', { answer: 42 });
    await admin.set(entry, spoil((await admin.getBuffer(entry))!));
    expect(await cache.lookup('key')).toEqual({ status: 'miss' });
    await untilGone();
    expect(await cache.lookup('key')).toEqual({ status: 'miss' });
    expect(cache.getCounters()).toMatchObject({ corrupt: 1, misses: 2, hits: 0, errors: 0, trips: 0 });
    expect(log.lines).toHaveLength(1);
    await expectServing();
  });

  it.each(FOREIGN)('that is %s of another program is a miss once, then removed', async (_what, put) => {
    await put(admin, entry);
    expect(await cache.lookup('key')).toEqual({ status: 'miss' });
    await untilGone();
    expect(await cache.lookup('key')).toEqual({ status: 'miss' });
    expect(cache.getCounters()).toMatchObject({ corrupt: 1, misses: 2, trips: 0 });
    await expectServing();
  });

  it('never opens the breaker, however many there are', async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `key-${index}`);
    const names = keys.map((key) => entry.replace('{key}', `{${key}}`));
    await Promise.all(
      names.map((name, index) => (index % 2 ? admin.set(name, '{') : admin.rpush(name, 'x'))),
    );
    expect(await Promise.all(keys.map((key) => cache.getCachedResponse(key)))).toEqual(Array(200).fill(null));
    expect(cache.getCounters()).toMatchObject({ corrupt: 200, trips: 0 });
    await expectServing();
  });

  it('is not removed if it has been replaced in the meantime', async () => {
    let missed = 0;
    for (let round = 0; round < 200; round += 1) {
      await admin.set(entry, 'garbage');
      const looking = cache.lookup('key');
      // The lookup is sent at the end of this turn; the new entry must be written right after it.
      await new Promise((resolve) => setImmediate(resolve));
      const [found] = await Promise.all([looking, admin.set(entry, `"good ${round}"`)]);
      // The removal was sent before, so it has finished when this returns.
      await cache.isConnected();
      if (found.status === 'miss') missed += 1;
      expect(await admin.get(entry)).toBe(`"good ${round}"`);
    }
    expect(missed).toBeGreaterThan(0);
  });

  it('does not show its bytes in the log', async () => {
    await admin.set(entry, 'secret prompt');
    await cache.getCachedResponse('key');
    expect(log.lines.join()).not.toContain('secret');
  });

  it.each([
    ['{"response": "Gr\\u00fc\\u00dfe", "tokens": 12}', { response: 'Grüße', tokens: 12 }],
    ['"text"', 'text'],
    ['12.5', 12.5],
    [' [1, 2] \n', [1, 2]],
  ])('is not the plain JSON of another program: %j is a hit', async (json, value) => {
    await admin.set(entry, json);
    expect(await cache.lookup('key')).toEqual({
      status: 'hit',
      value,
      source: 'redis',
      ageSeconds: null,
      ttlSeconds: null,
      durationMs: null,
    });
    expect(await admin.get(entry)).toBe(json);
    expect(log.lines).toEqual([]);
  });

  describe('in the queue', () => {
    it.each([
      ['another field', ['field', 'value']],
      ['a text that is not JSON', ['request', '{"half']],
      ['an empty text', ['request', '']],
    ])('with %s is skipped and removed', async (_what, fields) => {
      await cache.queueRequest('one');
      await admin.xadd(queue, '*', ...fields);
      await cache.queueRequest('two');
      expect([await cache.dequeueRequest(), await cache.dequeueRequest()]).toEqual(['one', 'two']);
      expect(await cache.dequeueRequest()).toBeNull();
      expect(await admin.xlen(queue)).toBe(0);
      expect(cache.getCounters()).toMatchObject({ corrupt: 1, dequeued: 2, errors: 0 });
    });

    it('that is a list of another program causes fallbacks and is kept', async () => {
      await admin.rpush(queue, 'of another program');
      expect(await cache.queueRequest('request')).toBe(false);
      expect(await cache.dequeueRequest()).toBeNull();
      expect(await cache.getQueueLength()).toBe(0);
      expect(await admin.lrange(queue, 0, -1)).toEqual(['of another program']);
      // One line for each command that fails in this way, however often.
      await cache.queueRequest('request');
      const lines = log.matching(/^A Redis command failed \(.*WRONGTYPE/);
      expect(log.lines).toEqual(lines);
      expect(new Set(lines).size).toBe(lines.length);
      await expectServing();
    });

    it('is distinguished from a request of another program in the same format', async () => {
      await admin.xadd(queue, '*', 'request', '{"prompt": "hello"}');
      expect(await cache.dequeueRequest()).toEqual({ prompt: 'hello' });
    });
  });
});
