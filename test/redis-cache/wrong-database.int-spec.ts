import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheOptions } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { answers, FALLBACKS } from '@test/fixtures/redis-cache/operations.js';
import { untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisServer } from '@test/support/index.js';

type Connection = NonNullable<RedisCacheOptions['connection']>;

const PASSWORD = 's3cret';
const RIGHTS = ['on', `>${PASSWORD}`, '~*', '&*', '+@all'];
const MISSING = /^Redis is unavailable \(database 99 cannot be selected: .*out of range/;

const caches = new Caches();
let redis: RedisServer;
let keyPrefix: string;
let log: LogCapture;

beforeAll(async () => {
  redis = await RedisServer.start();
});

beforeEach(async () => {
  log = LogCapture.start();
  keyPrefix = freshPrefix();
  const other = caches.create({ connection: { url: redis.url }, keyPrefix });
  expect(await other.cacheResponse('key', 'of another application')).toBe(true);
  expect(await other.queueRequest('of another application')).toBe(true);
});

afterEach(() => caches.closeAll());

afterAll(() => redis.stop());

const inDatabase0 = async (): Promise<unknown[]> => {
  const client = redis.client();
  const names = (await client.keys(`${keyPrefix}*`)).toSorted();
  return Promise.all(names.map(async (name) => [name, await client.dump(name)]));
};

describe('a database that cannot be selected', () => {
  it.each<[string, () => Connection, RegExp]>([
    ['by its number', () => ({ host: redis.host, port: redis.port, db: 99 }), MISSING],
    ['in an address', () => ({ url: `${redis.url}/99` }), MISSING],
    ['by a client of the user', () => ({ client: redis.client({ db: 99 }) }), MISSING],
    [
      'without the right to',
      () => ({ host: redis.host, port: redis.port, db: 3, username: 'no-select', password: PASSWORD }),
      /^Redis is unavailable \(database 3 cannot be selected: NOPERM .*select/,
    ],
  ])('%s, is an unavailable Redis and never database 0', async (_how, connection, line) => {
    await redis.client().acl('SETUSER', 'no-select', ...RIGHTS, '-select');
    const before = await inDatabase0();
    const cache = caches.create({ connection: connection(), keyPrefix, near: {}, commandTimeoutMs: 500 });
    await untilPhase(cache, 'unavailable');
    for (let round = 0; round < 3; round += 1) expect(await answers(cache)).toEqual(FALLBACKS);
    expect(await cache.getOrSet('other', async () => 'computed')).toBe('computed');
    expect(cache.getStatus()).toMatchObject({ phase: 'unavailable', lastError: 'DATABASE_NOT_SELECTED' });
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toMatch(line);
    expect(await inDatabase0()).toEqual(before);
  });

  it('is tried again with a back-off, and served once the user may select it', async () => {
    await redis.client().acl('SETUSER', 'later', ...RIGHTS, '-select');
    const { host, port } = redis;
    const connection = { host, port, db: 3, username: 'later', password: PASSWORD };
    const cache = caches.create({ connection, keyPrefix, near: {} });
    await untilPhase(cache, 'unavailable');
    await redis.client().acl('SETUSER', 'later', '+select');
    await untilPhase(cache, 'serving');
    expect(await cache.getCachedResponse('key')).toBeNull();
    expect(await cache.cacheResponse('key', 'in database 3')).toBe(true);
    expect(await redis.client({ db: 3 }).exists(`${keyPrefix}:cache:{key}`)).toBe(1);
    expect(log.lines).toHaveLength(2);
  });
});

it('the options of tls complete a rediss:// address', async () => {
  const server = await RedisServer.start({ tls: true });
  try {
    const url = `rediss://${server.host}:${server.tlsPort}`;
    const cache = caches.create({ connection: { url, redisOptions: { tls: { ca: server.ca } } } });
    expect(await cache.isConnected()).toBe(true);
    await caches.closeAll();
  } finally {
    await server.stop();
  }
});
