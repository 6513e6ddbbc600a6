import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { InvalidOptionsError } from '../errors/errors.js';
import type { RedisCacheOptions } from './redis-cache-options.js';
import { resolveOptions } from './redis-cache-options.schema.js';

const SECRET = 'hunter2';

const errorOf = (options: unknown): InvalidOptionsError => {
  try {
    resolveOptions(options as RedisCacheOptions);
  } catch (error) {
    return error as InvalidOptionsError;
  }
  throw new Error('the options were accepted');
};

describe('resolveOptions', () => {
  it.each([undefined, {}])('fills in every default for %j', (options) => {
    expect(resolveOptions(options)).toEqual({
      backend: 'redis',
      connection: {},
      keyPrefix: 'redis-cache',
      ttlSeconds: 3_600,
      commandTimeoutMs: 500,
      connectTimeoutMs: 2_000,
      maxValueBytes: 8_388_608,
      compressAboveBytes: Infinity,
      memory: { maxBytes: 67_108_864 },
      getOrSet: {
        jitterRatio: 0,
        staleSeconds: 0,
        negativeTtlSeconds: 0,
        failureBackoffMs: 5_000,
        crossProcess: true,
        leaseMs: 5_000,
      },
      writeBehind: { maxEntries: 1_000, maxBytes: 16_777_216 },
      streams: { maxLive: 1_000 },
      queue: {
        name: 'requests',
        maxLength: 100_000,
        maxBytes: 1_073_741_824,
        maxRequestBytes: 1_048_576,
        leaseSeconds: 30,
        maxDeliveries: 5,
        maxDeadLetters: 10_000,
      },
      health: { required: false, timeoutMs: 1_000 },
    });
  });

  it('keeps what was given beside the defaults', () => {
    const options = resolveOptions({ queue: { maxLength: 5 }, health: { required: true } });
    expect(options.queue).toEqual({
      name: 'requests',
      maxLength: 5,
      maxBytes: 1_073_741_824,
      maxRequestBytes: 1_048_576,
      leaseSeconds: 30,
      maxDeliveries: 5,
      maxDeadLetters: 10_000,
    });
    expect(options.health).toEqual({ required: true, timeoutMs: 1_000 });
  });

  it.each([
    { connection: { url: 'redis://cache', password: 'pw' } },
    { connection: { host: 'cache', port: 1, db: 3, username: 'u', password: 'p', tls: true } },
    { connection: { path: '/run/redis.sock' } },
    { connection: { clusterNodes: [{ host: 'a' }, { host: 'b', port: 1 }], db: 0 } },
    { connection: { sentinels: [{ host: 'a' }], sentinelName: 'm', sentinelPassword: 'p' } },
    { connection: { tls: { ca: 'pem' }, redisOptions: { keyPrefix: 'x' } } },
    { connection: { clusterNodes: [{ host: 'a' }], clusterOptions: { natMap: {} } } },
    { connection: { url: 'redis://:pw@cache:1/2', password: 'pw', port: 1, db: 2, tls: true } },
    { connection: { url: 'rediss://cache', redisOptions: { tls: { ca: 'pem' }, username: 'u' } } },
    { connection: { redisOptions: { host: 'cache', port: 1, db: 2 } } },
    { backend: 'memory' as const, memory: { maxBytes: 1 } },
    { keyPrefix: 'a*[b]?\\', ttlSeconds: 0.001, queue: { name: '}' } },
  ])('accepts %j', (options) => {
    expect(resolveOptions(options)).toMatchObject(options);
  });

  it('passes a client through as it is', () => {
    const client = new Redis({ lazyConnect: true });
    expect(resolveOptions({ connection: { client } }).connection.client).toBe(client);
  });

  it('refuses every option beside a client of the user', () => {
    const client = new Redis({ lazyConnect: true });
    expect(errorOf({ connection: { client, db: 0 } }).message).toBe(
      'connection.db cannot be combined with client',
    );
  });

  it.each([
    ['backend', { backend: SECRET }],
    ['connection', { connection: SECRET }],
    ['connection.host', { connection: { host: '' } }],
    ['connection.port', { connection: { port: 0 } }],
    ['connection.port', { connection: { port: 65_536 } }],
    ['connection.port', { connection: { port: '6379' } }],
    ['connection.db', { connection: { db: -1 } }],
    ['connection.db', { connection: { db: 1.5 } }],
    ['connection.url', { connection: { url: '' } }],
    ['connection.url', { connection: { url: new URL(`redis://:${SECRET}@cache`) } }],
    ['connection.url', { connection: { url: `http://:${SECRET}@cache` } }],
    ['connection.password', { connection: { password: [SECRET] } }],
    ['connection.tls', { connection: { tls: SECRET } }],
    ['connection.client', { connection: { client: {} } }],
    ['connection.client', { connection: { client: `redis://:${SECRET}@cache` } }],
    ['connection.clusterNodes', { connection: { clusterNodes: [] } }],
    ['connection.clusterNodes.0.host', { connection: { clusterNodes: [{ port: 1 }] } }],
    [
      'connection.clusterNodes.1.port',
      { connection: { clusterNodes: [{ host: 'a' }, { host: 'b', port: 0 }] } },
    ],
    ['connection.sentinels.0.prot', { connection: { sentinels: [{ host: 'a', prot: SECRET }] } }],
    ['connection.sentinelName', { connection: { sentinels: [{ host: 'a' }] } }],
    ['connection.db', { connection: { clusterNodes: [{ host: 'a' }], db: 1 } }],
    ['connection.host', { connection: { url: 'redis://a', host: SECRET } }],
    ['connection.url', { connection: { clusterNodes: [{ host: 'a' }], url: `redis://:${SECRET}@a` } }],
    ['connection.redisOptions', { connection: { redisOptions: SECRET } }],
    [
      'connection.redisOptions.password',
      { connection: { password: 'x', redisOptions: { password: SECRET } } },
    ],
    ['connection.redisOptions.host', { connection: { host: 'x', redisOptions: { host: SECRET } } }],
    ['connection.redisOptions.host', { connection: { url: 'redis://x', redisOptions: { host: SECRET } } }],
    ['connection.redisOptions.port', { connection: { redisOptions: { port: SECRET } } }],
    [
      'connection.url',
      { connection: { url: 'redis://x', redisOptions: { sentinels: [{ host: 'a' }], name: 'm' } } },
    ],
    ['connection.redisOptions.tls', { connection: { tls: false, redisOptions: { tls: { ca: SECRET } } } }],
    ['connection.redisOptions.commandTimeout', { connection: { redisOptions: { commandTimeout: 1 } } }],
    ['connection.redisOptions.retryStrategy', { connection: { redisOptions: { retryStrategy: () => 1 } } }],
    ['connection.password', { connection: { url: `redis://:${SECRET}@a`, password: 'x' } }],
    ['connection.db', { connection: { url: 'redis://a/1', db: 2 } }],
    ['connection.db', { connection: { url: 'redis://a/0', db: 2 } }],
    ['connection.port', { connection: { url: 'redis://a:1', port: 2 } }],
    ['connection.port', { connection: { url: 'unix:///a', port: 2 } }],
    ['connection.port', { connection: { path: '/a', port: 2 } }],
    ['connection.port', { connection: { sentinels: [{ host: 'a' }], sentinelName: 'm', port: 1 } }],
    ['connection.port', { connection: { clusterNodes: [{ host: 'a' }], port: 1 } }],
    ['connection.sentinels', { connection: { host: 'a', sentinelName: 'm' } }],
    ['connection.clusterNodes', { connection: { host: 'a', clusterOptions: {} } }],
    [
      'connection.clusterOptions.enableOfflineQueue',
      { connection: { clusterNodes: [{ host: 'a' }], clusterOptions: { enableOfflineQueue: true } } },
    ],
    ['connection.host', { connection: { host: 'a:6380' } }],
    ['connection.host', { connection: { host: ' a ' } }],
    ['connection.host', { connection: { host: 'redis://a' } }],
    ['connection.sentinels.0.host', { connection: { sentinels: [{ host: 'a:1' }], sentinelName: 'm' } }],
    ['connection.url', { connection: { url: 'redis:6379' } }],
    ['connection.url', { connection: { url: 'redis://a,b' } }],
    ['connection.pasword', { connection: { pasword: SECRET } }],
    ['keyPrefix', { keyPrefix: '' }],
    ['keyPrefix', { keyPrefix: `{${SECRET}}` }],
    ['keyPrefix', { keyPrefix: '\ud800' }],
    ['keyPrefix', { keyPrefix: 'x'.repeat(129) }],
    ['ttlSeconds', { ttlSeconds: 0 }],
    ['ttlSeconds', { ttlSeconds: Number.POSITIVE_INFINITY }],
    ['ttlSeconds', { ttlSeconds: Number.NaN }],
    ['ttlSeconds', { ttlSeconds: 1e10 }],
    ['ttlSeconds', { ttlSeconds: '60' }],
    ['commandTimeoutMs', { commandTimeoutMs: 0 }],
    ['commandTimeoutMs', { commandTimeoutMs: 3_600_001 }],
    ['connectTimeoutMs', { connectTimeoutMs: -1 }],
    ['maxValueBytes', { maxValueBytes: 0.5 }],
    ['maxValueBytes', { maxValueBytes: 512 * 1024 * 1024 + 1 }],
    ['memory.maxBytes', { memory: { maxBytes: 0 } }],
    ['queue.name', { queue: { name: '' } }],
    ['queue.maxLength', { queue: { maxLength: 0 } }],
    ['queue.maxBytes', { queue: { maxBytes: 0 } }],
    ['queue.maxRequestBytes', { queue: { maxRequestBytes: -1 } }],
    ['health.required', { health: { required: SECRET } }],
    ['health.timeoutMs', { health: { timeoutMs: 0 } }],
    ['pasword', { pasword: SECRET }],
    ['options', null],
    ['options', SECRET],
  ])('names %s in %j, and not what it is', (field, options) => {
    const error = errorOf(options);
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error.field).toBe(field);
    expect(error.message).toMatch(new RegExp(`^${field} (is|must|cannot) `));
    expect(JSON.stringify([error.message, error.stack, error])).not.toContain(SECRET);
    expect(error.code).toBe('ERR_CACHE_INVALID_OPTIONS');
  });

  it.each([
    [{ connection: { url: 'redis://a', host: 'b' } }, 'connection.host cannot be combined with url'],
    [{ connection: { sentinels: [{ host: 'a' }] } }, 'connection.sentinelName is needed with sentinels'],
    [{ connection: { url: 'http://a' } }, 'connection.url must begin with redis://, rediss:// or unix://'],
    [{ connection: { port: 0 } }, 'connection.port must be a port from 1 to 65535'],
    [{ connection: { hots: 'a' } }, 'connection.hots is not an option; did you mean connection.host?'],
    [{ keyPrefix: 'a{b' }, 'keyPrefix must not contain braces: they decide the Cluster slot'],
    [{ ttl: 60 }, 'ttl is not an option; did you mean ttlSeconds?'],
    [{ TTLSeconds: 60 }, 'TTLSeconds is not an option; did you mean ttlSeconds?'],
    [{ url: 'redis://a' }, 'url is not an option; did you mean connection.url?'],
    [
      { staleSeconds: 1 },
      'staleSeconds is not an option; did you mean near.staleSeconds or getOrSet.staleSeconds?',
    ],
    [{ store: 'redis' }, 'store is not an option'],
    [{ backend: 'Redis' }, "backend must be one of 'redis', 'memory'"],
    [{ keyPrefix: '' }, 'keyPrefix must be a string of 1 to 128 characters'],
    [{ keyPrefix: 5 }, 'keyPrefix must be a string of 1 to 128 characters, not a number'],
    [{ ttlSeconds: 0 }, 'ttlSeconds must be a number above 0, up to 3,155,760,000'],
    [{ ttlSeconds: '60' }, 'ttlSeconds must be a number above 0, up to 3,155,760,000, not a string'],
    [{ ttlSeconds: Number.NaN }, 'ttlSeconds must be a number above 0, up to 3,155,760,000, not NaN'],
    [{ commandTimeoutMs: -1 }, 'commandTimeoutMs must be a number from 1 to 3,600,000'],
    [{ queue: { maxLength: 1.5 } }, 'queue.maxLength must be a whole number of at least 1, not a fraction'],
    [{ getOrSet: { crossProcess: null } }, 'getOrSet.crossProcess must be true or false, not null'],
    [{ near: true }, 'near must be an object, not a boolean'],
    [{ queue: [] }, 'queue must be an object, not an array'],
  ])('says what is wrong with %j', (options, message) => {
    expect(errorOf(options).message).toBe(message);
  });

  it('names every wrong option, each once', () => {
    const options = { ttl: 60, maxx: 1, connection: { prot: 1, db: -1.5 }, queue: { name: '' } };
    const error = errorOf(options);
    expect(error.field).toBe('connection.db');
    expect(error.message.split('\n')).toEqual([
      expect.stringMatching(/^connection.db must /),
      'connection.prot is not an option; did you mean connection.port?',
      'queue.name must be a string of 1 to 128 characters',
      'ttl is not an option; did you mean ttlSeconds?',
      'maxx is not an option',
    ]);
  });
});
