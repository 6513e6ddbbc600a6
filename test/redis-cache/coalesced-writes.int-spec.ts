import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRedisCache, type RedisCacheService } from 'nestjs-redis-cache';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { RedisServer, until } from '@test/support/index.js';

const CALLERS = 32;

/** Counts the writes to sockets that are opened meanwhile; each is one system call. */
class WriteCount {
  count = 0;

  readonly #watch = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    const [write, writev] = [socket._write.bind(socket), socket._writev!.bind(socket)];
    socket._write = (...args) => this.#counting(() => write(...args));
    socket._writev = (...args) => this.#counting(() => writev(...args));
  };

  start(): void {
    subscribe('net.client.socket', this.#watch);
  }

  stop(): void {
    unsubscribe('net.client.socket', this.#watch);
  }

  #counting(write: () => void): void {
    this.count += 1;
    write();
  }
}

describe('commands of one turn of the event loop', () => {
  let redis: RedisServer;
  let cache: RedisCacheService;
  const writes = new WriteCount();

  beforeAll(async () => {
    redis = await RedisServer.start();
    writes.start();
    cache = createRedisCache({ connection: { url: redis.url }, commandTimeoutMs: 10_000 });
    await until(() => cache.isConnected(), { what: 'the cache to connect' });
    writes.stop();
  });

  afterAll(async () => {
    writes.stop();
    await cache?.close();
    await redis?.stop();
  });

  it('a command is sent at once when no other waits for its reply', async () => {
    const before = writes.count;
    const found = cache.getCachedResponse('key 0');
    expect(writes.count - before).toBe(1);
    await found;
    expect(writes.count - before).toBe(1);
  });

  it('all but the first are sent in one write, and each receives its own reply', async () => {
    const keys = Array.from({ length: CALLERS }, (_, index) => `key ${index}`);
    const before = writes.count;
    const stored = await Promise.all(keys.map((key) => cache.cacheResponse(key, { key }, 60)));
    expect(stored).toEqual(keys.map(() => true));
    expect(writes.count - before).toBe(2);
    const found = await Promise.all(keys.map((key) => cache.getCachedResponse(key)));
    expect(found).toEqual(keys.map((key) => ({ key })));
    expect(writes.count - before).toBe(4);
  });

  it('are sent early if there are many, so that Redis can start', async () => {
    const before = writes.count;
    await Promise.all(
      Array.from({ length: 3 * CALLERS }, (_, index) => cache.getCachedResponse(`key ${index}`)),
    );
    expect(writes.count - before).toBe(4);
  });

  const askLater = (index: number): Promise<unknown> =>
    new Promise((resolve) => setImmediate(() => resolve(cache.getCachedResponse(`key ${index}`))));

  it('all but the first are sent in one write from several callbacks of one turn', async () => {
    const before = writes.count;
    // Callbacks of one turn run in sequence, each with its microtasks.
    await Promise.all([1, 2, 3].map(askLater));
    expect(writes.count - before).toBe(2);
  });

  it('are sent in two writes from two turns', async () => {
    const before = writes.count;
    await cache.getCachedResponse('key 0');
    await cache.getCachedResponse('key 1');
    expect(writes.count - before).toBe(2);
  });

  it('work again after the connection is lost in between', async () => {
    const lost = cache.getMany(['key 0', 'key 1']);
    await redis.restart();
    expect(await lost).toHaveLength(2);
    await until(() => cache.cacheResponse('again', 1, 60), { what: 'the cache to store again' });
    expect(await cache.getCachedResponse('again')).toBe(1);
  });
});
