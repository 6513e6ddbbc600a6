import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRedisCache, type RedisCacheService } from 'nestjs-redis-cache';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { RedisServer, until } from '../support/index.js';

const CALLERS = 64;

/** Passes bytes on, and counts the pieces in which the client's arrive. */
function countingProxy(port: number): { server: Server; pieces: () => number } {
  let pieces = 0;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    client.on('data', (bytes) => {
      pieces += 1;
      upstream.write(bytes);
    });
    upstream.pipe(client);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => (socket === client ? upstream : client).destroy());
    }
  });
  return { server, pieces: () => pieces };
}

describe('commands of one turn of the event loop', () => {
  let redis: RedisServer;
  let proxy: ReturnType<typeof countingProxy>;
  let cache: RedisCacheService;

  beforeAll(async () => {
    redis = await RedisServer.start();
    proxy = countingProxy(redis.port);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.server.address() as AddressInfo;
    cache = createRedisCache({ connection: { host: '127.0.0.1', port }, commandTimeoutMs: 10_000 });
    await until(() => cache.isConnected(), { what: 'the cache to connect' });
  });

  afterAll(async () => {
    await cache?.close();
    proxy?.server.close();
    await redis?.stop();
  });

  it('leave together, and each has its own reply', async () => {
    const keys = Array.from({ length: CALLERS }, (_, index) => `key ${index}`);
    const before = proxy.pieces();
    const stored = await Promise.all(keys.map((key) => cache.cacheResponse(key, { key }, 60)));
    expect(stored).toEqual(keys.map(() => true));
    expect(await cache.getMany(keys)).toEqual(keys.map((key) => ({ key })));
    // Two crowds of 64: a write each, which the kernel may hand on in a few pieces.
    expect(proxy.pieces() - before).toBeLessThan(CALLERS / 4);
  });

  it('go on when the connection is lost in between', async () => {
    const lost = cache.getMany(['key 0', 'key 1']);
    await redis.restart();
    expect(await lost).toHaveLength(2);
    await until(() => cache.cacheResponse('again', 1, 60), { what: 'the cache to store again' });
    expect(await cache.getCachedResponse('again')).toBe(1);
  });
});
