import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until } from '@test/support/index.js';
import { backendConformance } from './backend-conformance.js';

backendConformance("the user's client", async () => {
  const server = await RedisServer.start();
  return { options: { connection: { client: server.client() } }, stop: () => server.stop() };
});

backendConformance("the user's client with a key prefix", async () => {
  const server = await RedisServer.start();
  const client = server.client({ keyPrefix: 'tenant[1]*:' });
  return { options: { connection: { client } }, stop: () => server.stop() };
});

backendConformance(
  "the user's client that returns numbers as strings and pipelines automatically",
  async () => {
    const server = await RedisServer.start();
    const client = server.client({ stringNumbers: true, enableAutoPipelining: true });
    return { options: { connection: { client } }, stop: () => server.stop() };
  },
);

describe("the user's client", () => {
  const EVENTS = ['ready', 'close', 'end', 'error', 'node error', 'connect'] as const;
  const caches = new Caches();
  let server: RedisServer;
  let client: Redis;

  beforeAll(async () => {
    LogCapture.start();
    server = await RedisServer.start();
  });

  afterEach(() => caches.closeAll());

  afterAll(() => server.stop());

  const listeners = (): number[] => EVENTS.map((event) => client.listenerCount(event));

  it('is usable after close(), with its listeners and options', async () => {
    client = server.client();
    const [before, options] = [listeners(), JSON.stringify(client.options)];
    const cache = caches.create({ connection: { client }, keyPrefix: freshPrefix() });
    await cache.cacheResponse('key', 'value');
    expect(listeners()).not.toEqual(before);
    await cache.close();
    expect(listeners()).toEqual(before);
    expect(JSON.stringify(client.options)).toBe(options);
    expect(client.status).toBe('ready');
    expect(await client.ping()).toBe('PONG');
  });

  it('loses no request that is being dequeued during close()', async () => {
    client = server.client();
    const cache = caches.create({ connection: { client }, keyPrefix: freshPrefix() });
    await cache.queueRequest('request');
    const taken = cache.dequeueRequest();
    await cache.close();
    expect(await taken).toBe('request');
  });

  it('is connected if it was lazy', async () => {
    client = server.client({ lazyConnect: true });
    const cache = caches.create({ connection: { client } });
    expect(await cache.isConnected()).toBe(true);
  });

  it('can be shared by several caches, which are closed independently', async () => {
    client = server.client();
    const [one, two] = [caches.create({ connection: { client } }), caches.create({ connection: { client } })];
    await one.close();
    expect(await two.isConnected()).toBe(true);
    await two.close();
    expect(await client.ping()).toBe('PONG');
  });

  it('causes fallbacks once it has ended, until its user reconnects it', async () => {
    client = server.client();
    await client.quit();
    const cache = caches.create({ connection: { client }, keyPrefix: freshPrefix() });
    expect(await cache.isConnected()).toBe(false);
    expect(cache.getStatus().phase).toBe('unavailable');
    await client.connect();
    await until(() => cache.getStatus().phase === 'serving', { what: 'the cache to serve' });
    expect(await cache.cacheResponse('key', 'value')).toBe(true);
  });

  it('stores under its key prefix', async () => {
    client = server.client({ keyPrefix: 'tenant:' });
    const cache = caches.create({ connection: { client }, keyPrefix: 'app' });
    await cache.cacheResponse('key', 'value');
    expect(await server.client().exists('tenant:app:cache:{key}')).toBe(1);
  });
});
