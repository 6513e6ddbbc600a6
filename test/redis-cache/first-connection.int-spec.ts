import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createRedisCache, type RedisCacheOptions, type RedisCacheService } from 'nestjs-redis-cache';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { RedisCluster, RedisServer, until } from '@test/support/index.js';

const VERSION = /(Redis|Valkey) \d+\.\d+\.\d+/;

let cache: RedisCacheService | undefined;

afterEach(() => cache?.close());

/** Starts a cache and returns its logger once it has logged the connection. */
async function connected(options: RedisCacheOptions): Promise<RecordingLogger> {
  const logger = new RecordingLogger();
  cache = createRedisCache(options, { logger });
  await until(() => logger.connections.length > 0, { what: 'the line about the connection' });
  return logger;
}

describe('the line about the first connection', () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });

  afterAll(() => redis.stop());

  it('names the server, its version, the database and the prefix, and comes once', async () => {
    const { host, port } = redis;
    const { connections, lines } = await connected({ connection: { host, port, db: 2 }, keyPrefix: 'app' });
    expect(connections[0]!.replace(VERSION, 'VERSION')).toBe(
      `Connected to VERSION at ${host}:${port}, database 2; keys begin with app:`,
    );

    await redis.kill();
    await until(() => lines.some((line) => line.startsWith('Redis is unavailable')), { what: 'the outage' });
    await redis.restart();
    await until(() => lines.some((line) => line.startsWith('Redis is back')), { what: 'the recovery' });
    expect(await cache!.isConnected()).toBe(true);
    expect(connections).toHaveLength(1);
  });

  it('contains the prefix of a client of the user, but neither user nor password', async () => {
    const client = new Redis({ host: redis.host, port: redis.port, keyPrefix: 'mine:' });
    try {
      const { connections } = await connected({ connection: { client }, keyPrefix: 'app' });
      expect(connections[0]).toMatch(/; keys begin with mine:app:$/);
    } finally {
      client.disconnect();
    }
  });

  it('leaves out the version if the user may not read it', async () => {
    await redis.client().acl('SETUSER', 'limited', 'on', '>s3cret', '~*', '&*', '+@all', '-info');
    const url = `redis://limited:s3cret@${redis.host}:${redis.port}`;
    const { connections } = await connected({ connection: { url } });
    expect(connections[0]).toBe(
      `Connected to Redis at ${redis.host}:${redis.port}, database 0; keys begin with redis-cache:`,
    );
  });
});

it('says of how many masters a Cluster consists', async () => {
  const cluster = await RedisCluster.start();
  try {
    const { connections } = await connected({ connection: { clusterNodes: cluster.addresses } });
    expect(connections[0]).toMatch(
      /^Connected to (Redis|Valkey) \S+ Cluster of 3 masters at \S+:\d+; keys begin with redis-cache:$/,
    );
  } finally {
    await cache?.close();
    await cluster.stop();
  }
});
