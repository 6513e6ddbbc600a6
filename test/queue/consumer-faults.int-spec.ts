import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { deferred } from '@test/fixtures/redis-cache/deferred.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until } from '@test/support/index.js';

/** No lease ends while a test runs. */
const LEASE_SECONDS = 60;

describe('RequestConsumer when Redis is unavailable', () => {
  const caches = new Caches();
  let server: RedisServer;

  beforeAll(async () => {
    LogCapture.start();
  });

  afterEach(async () => {
    await caches.closeAll();
    await server.stop();
  });

  it('acknowledges the requests handled meanwhile, and continues, once Redis is back', async () => {
    server = await RedisServer.start({ appendonly: true });
    const cache = caches.create({ connection: { url: server.url }, keyPrefix: freshPrefix() });
    await cache.queue().queueRequests([1, 2, 3]);
    const gate = deferred<void>();
    const handled: number[] = [];
    const consumer = cache.queue().createConsumer<number>({
      handler: async ({ data }) => {
        await gate.promise;
        handled.push(data);
      },
      leaseSeconds: LEASE_SECONDS,
    });
    consumer.start();
    await until(() => consumer.running === 1, { what: 'the handler' });
    await server.kill();
    await until(() => cache.getStatus().phase === 'unavailable', { what: 'the loss to be noticed' });
    gate.resolve();
    await until(() => handled.length === 1, { what: 'the request to be handled' });
    await server.restart();
    await until(() => handled.length === 3, { what: 'the others', timeoutMs: 20_000 });
    await until(async () => (await cache.queue().getQueueStats()).reserved === 0, {
      what: 'all to be acknowledged',
    });
    expect(handled).toEqual([1, 2, 3]);
    expect(cache.getCounters().acknowledged).toBe(3);
  });

  it('continues after Redis was frozen, and loses no request that was in transit', async () => {
    server = await RedisServer.start();
    const cache = caches.create({
      connection: { url: server.url },
      keyPrefix: freshPrefix(),
      commandTimeoutMs: 300,
    });
    const total = 40;
    await cache.queue().queueRequests(Array.from({ length: total }, (_, index) => index));
    const first = deferred<void>();
    const gate = deferred<void>();
    const handled: number[] = [];
    const consumer = cache.queue().createConsumer<number>({
      concurrency: 4,
      leaseSeconds: LEASE_SECONDS,
      handler: async ({ data }) => {
        first.resolve();
        await gate.promise;
        handled.push(data);
      },
    });
    consumer.start();
    await first.promise;
    await until(() => consumer.running === 4, { what: 'four handlers' });
    await server.pause();
    gate.resolve();
    await until(() => cache.getStatus().phase === 'unavailable', { what: 'the freeze to be noticed' });
    await until(() => handled.length >= 4, { what: 'the reserved requests to be handled' });
    await server.resume();
    await until(
      async () => {
        const { waiting, reserved } = await cache.queue().getQueueStats();
        return handled.length >= total && cache.getStatus().phase === 'serving' && waiting + reserved === 0;
      },
      { what: 'all to be handled and acknowledged', timeoutMs: 40_000 },
    );
    expect(new Set(handled).size).toBe(total);
    expect(handled).toHaveLength(total);
    expect(await cache.queue().listDeadLetters()).toEqual([]);
  });
});
