import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type CacheOperation,
  createRedisCache,
  OPERATION_START_CHANNEL,
  type RedisCacheService,
} from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { Published } from '@test/fixtures/redis-cache/published.js';
import { untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { heldFactory } from '@test/get-or-set/factories.js';
import { RedisServer, until } from '@test/support/index.js';

const SECRET = 'secret-in-keys-and-values';
const KEY = `${SECRET}-key`;
const VALUE = { text: `${SECRET}-value` };
const STREAM = { collect: (pieces: readonly string[]) => pieces.join(''), replay: (text: string) => [text] };

async function* secretPieces(): AsyncGenerator<string> {
  yield SECRET;
}

const OPERATIONS =
  'getCachedResponse lookup lookupNear cacheResponse setMany getOrSet getOrStream resume delete invalidateTags clearCache ' +
  'queueRequest queueRequests dequeueRequests waitForRequest reserveRequests acknowledgeRequests releaseRequest ' +
  'rejectRequest clearQueue process';

/** Calls each operation of a queue, with secrets in the requests, in the reason of a rejection and in a failure. */
async function useQueue(cache: RedisCacheService): Promise<void> {
  const queue = cache.queue('mails');
  await queue.queueRequests([VALUE, VALUE]);
  const [first, second] = await queue.reserveRequests(2);
  await queue.acknowledgeRequest(first!.id);
  await queue.releaseRequest(second!.id);
  const again = await queue.reserveRequest();
  await queue.rejectRequest(again!.id, `because of ${SECRET}`);
  await queue.queueRequest(VALUE);
  await queue.waitForRequest({ timeoutMs: 1_000 });
  let runs = 0;
  const handler = (): void => {
    runs += 1;
    if (runs === 1) throw new Error(`cannot handle ${SECRET}`);
  };
  const consumer = queue.createConsumer({ handler, retryDelayMs: 1 });
  consumer.start();
  await queue.queueRequest(VALUE);
  await until(() => runs === 2, { what: 'the request to be handled' });
  await consumer.stop();
  await queue.clearQueue();
}

describe('the diagnostics channels', () => {
  const caches = new Caches();
  let server: RedisServer;
  let cache: RedisCacheService;
  let published: Published;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  beforeEach(async () => {
    const { host, port } = server;
    cache = caches.create({ connection: { host, port }, keyPrefix: freshPrefix() });
    await cache.isConnected();
    published = new Published();
  });

  afterEach(async () => {
    published.stop();
    await caches.closeAll();
  });

  afterAll(() => server.stop());

  it('publish how each operation of the cache ended', async () => {
    await cache.getCachedResponse(KEY);
    await cache.cacheResponse(KEY, VALUE);
    await cache.getCachedResponse(KEY);
    await cache.lookup(KEY, { as: 'bytes' });
    await cache.lookup('another', { hitsOnly: true });
    cache.lookupNear(KEY);
    await cache.setMany([{ key: KEY, response: VALUE }]);
    await cache.getMany([KEY, 'another']);
    await cache.getOrSet('computed', async () => VALUE);
    await cache.getOrSetEntry('computed', async () => VALUE);
    await cache.resume(cache.ticketFor('ticket'), async () => VALUE);
    for await (const piece of await cache.getOrStream('stream', secretPieces, STREAM))
      expect(piece).toBe(SECRET);
    await cache.delete(KEY);
    await cache.invalidateTags('tag');
    await cache.clearCache();
    expect(published.outcomes).toEqual([
      'getCachedResponse: miss',
      'cacheResponse: ok',
      'getCachedResponse: hit',
      'lookup: hit',
      'lookup: deferred',
      'lookupNear: deferred',
      'setMany: ok',
      'getCachedResponse: hit',
      'getCachedResponse: miss',
      'getOrSet: miss',
      'getOrSet: hit',
      'resume: miss',
      'getOrStream: miss',
      'delete: ok',
      'invalidateTags: ok',
      'clearCache: ok',
    ]);
    const [, stored, , bytes] = published.ended;
    expect(stored!.bytes).toBeGreaterThan(JSON.stringify(VALUE).length);
    expect(bytes!.bytes).toBe(JSON.stringify(VALUE).length);
    expect(published.ended.every(({ durationMs }) => durationMs! >= 0)).toBe(true);
    expect(published.started).toHaveLength(published.ended.length);
    expect(published.started[0]).toBe(published.ended[0]);
  });

  it('publish how each operation of a queue ended', async () => {
    const queue = cache.queue('mails', { maxLength: 3 });
    await cache.queueRequest(VALUE);
    await cache.dequeueRequest();
    await queue.queueRequest(VALUE);
    await queue.queueRequests([VALUE, VALUE, VALUE]);
    await queue.dequeueRequests(1);
    const [first, second] = await queue.reserveRequests(2);
    await queue.acknowledgeRequest(first!.id);
    await queue.acknowledgeRequests([first!.id]);
    await queue.releaseRequest(second!.id);
    const again = await queue.reserveRequest();
    await queue.rejectRequest(again!.id, `because of ${SECRET}`);
    await queue.waitForRequest({ timeoutMs: 1 });
    await queue.clearQueue();
    expect(published.outcomes).toEqual([
      'queueRequest: ok',
      'dequeueRequests: ok',
      'queueRequest: ok',
      'queueRequests: full',
      'dequeueRequests: ok',
      'reserveRequests: ok',
      'acknowledgeRequests: ok',
      'acknowledgeRequests: lost',
      'releaseRequest: ok',
      'reserveRequests: ok',
      'rejectRequest: ok',
      'waitForRequest: empty',
      'clearQueue: ok',
    ]);
    expect(published.ended[3]).toMatchObject({ queue: 'mails', count: 2 });
    expect(published.states).toEqual([{ state: 'dead-letter', cache: 'default', queue: 'mails' }]);
  });

  it('publish the handler of a consumer', async () => {
    const handled: unknown[] = [];
    const consumer = cache.queue().createConsumer({
      handler: ({ data, deliveries }) => {
        if (deliveries === 1) throw new TypeError(`cannot handle ${SECRET}`);
        handled.push(data);
      },
      retryDelayMs: 1,
    });
    consumer.start();
    await cache.queueRequest(VALUE);
    await until(() => handled.length === 1, { what: 'the request to be handled' });
    await consumer.stop();
    const runs = published.ended.filter(({ operation }) => operation === 'process');
    expect(runs).toMatchObject([{ outcome: 'error', errorType: 'TypeError' }, { outcome: 'ok' }]);
  });

  it('never publish a key or a value', async () => {
    const { cacheResponse, ...wrong } = {
      cacheResponse: cache.cacheResponse(KEY, VALUE),
      set: cache.cacheResponse(KEY, VALUE, -1),
      get: cache.getCachedResponse(KEY.repeat(1_000)),
      failure: cache.getOrSet(`${KEY}-failing`, async () => {
        throw Object.assign(new Error(SECRET), { code: `no code: ${SECRET}` });
      }),
    };
    await Promise.allSettled([cacheResponse, ...Object.values(wrong)]);
    await cache.getMany([KEY]);
    await cache.lookup(KEY);
    await cache.getOrSet(KEY, async () => VALUE, { tags: [SECRET] });
    await cache.setMany([{ key: KEY, response: VALUE }]);
    await cache.delete(KEY);
    await cache.invalidateTags(SECRET);
    await cache.resume(cache.ticketFor(KEY), async () => VALUE);
    await (await cache.getOrStream(`${KEY}-stream`, secretPieces, STREAM)).collected();
    cache.lookupNear(KEY);
    await cache.queueRequest(VALUE);
    await cache.dequeueRequest();
    await useQueue(cache);
    await cache.clearCache();
    const errors = published.ended.filter(({ outcome }) => outcome === 'error');
    expect(errors.map(({ errorType }) => errorType).toSorted()).toEqual([
      'ERR_CACHE_INVALID_KEY',
      'ERR_CACHE_INVALID_TTL',
      'Error',
      'Error',
    ]);
    const everything = inspect(published, { depth: Infinity, showHidden: true, maxStringLength: Infinity });
    for (const operation of OPERATIONS.split(' ')) expect(everything).toContain(`operation: '${operation}'`);
    expect(everything).not.toContain(SECRET);
  });

  it('name the leader of a collapsed call in this process', async () => {
    const { factory, call } = heldFactory();
    const ask = () => cache.getOrSet('key', factory as never);
    const answers = [ask(), ask()];
    const running = await call(0);
    answers.push(ask());
    // Replies come in order: by then the last call has read, and joined the computation.
    await cache.isConnected();
    running.resolve('value');
    await Promise.all(answers);
    const [leader, ...followers] = published.started;
    expect(leader).toMatchObject({ outcome: 'miss', leader: undefined });
    for (const follower of followers) {
      expect(follower.outcome).toBe('collapsed');
      expect(follower.leader).toBe(leader);
    }
  });

  it('let a subscriber run an operation in a context, which its factory inherits', async () => {
    const context = new AsyncLocalStorage<string>();
    const enter = (message: unknown): void => {
      const operation = message as CacheOperation;
      operation.within((run) => context.run('outer', run));
      operation.within((run) => context.run(`${context.getStore()} inner`, run));
    };
    subscribe(OPERATION_START_CHANNEL, enter);
    try {
      expect(await cache.getOrSet('key', async () => context.getStore())).toBe('outer inner');
    } finally {
      unsubscribe(OPERATION_START_CHANNEL, enter);
    }
    expect(context.getStore()).toBeUndefined();
  });
});

describe('the channel of states', () => {
  it('publishes an outage from its beginning to its end', async () => {
    const published = new Published();
    const server = await RedisServer.start();
    const { host, port } = server;
    const cache = createRedisCache({ connection: { host, port } }, { name: 'answers', logger: silent });
    try {
      expect(await cache.isConnected()).toBe(true);
      await server.kill();
      await untilPhase(cache, 'unavailable');
      expect(await cache.delete('key')).toBe(false);
      expect(await cache.getOrSet('key', async () => 1)).toBe(1);
      await server.restart();
      await untilPhase(cache, 'serving');
      await until(() => published.states.length === 4, { what: 'the invalidation to be repeated' });
      expect(published.states).toMatchObject([
        { state: 'connected', cache: 'answers' },
        { state: 'degraded', cache: 'answers' },
        { state: 'recovered', durationMs: expect.any(Number) },
        { state: 'invalidations-confirmed' },
      ]);
      expect(published.states[1]!.code).toMatch(/^[A-Z_]+$/);
      expect(published.outcomes).toEqual(['delete: fallback', 'getOrSet: fallback']);
    } finally {
      published.stop();
      await cache.close();
      await server.stop();
    }
  });
});

const silent = { log() {}, warn() {}, error() {} };
