import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheOptions, RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { deferred } from '@test/fixtures/redis-cache/deferred.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisServer, until } from '@test/support/index.js';

const PASSWORD = 's3cret';
const EVERYTHING = ['reset', 'on', `>${PASSWORD}`, '~*', '&*', '+@all'];

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
});

afterEach(() => caches.closeAll());

afterAll(() => redis.stop());

const grant = (...rights: string[]): Promise<unknown> => redis.client().acl('SETUSER', 'app', ...rights);

function open(options: RedisCacheOptions = {}): RedisCacheService {
  const { host, port } = redis;
  return caches.create({
    connection: { host, port, username: 'app', password: PASSWORD },
    keyPrefix,
    ...options,
  });
}

async function connections(): Promise<number> {
  const info = await redis.client().info('stats');
  return Number(/total_connections_received:(\d+)/.exec(info)![1]);
}

describe('a user without channel rights', () => {
  beforeEach(() => grant(...EVERYTHING, 'resetchannels'));

  it('costs one line that names the right, and no further connection', async () => {
    const cache = open({ near: {} });
    await until(() => log.lines.length > 0, { what: 'the line' });
    const before = await connections();
    const end = performance.now() + 1_000;
    await until(() => performance.now() > end, { what: 'a second' });
    // The client that counts is new each time.
    expect((await connections()) - before).toBeLessThanOrEqual(2);
    expect(log.lines).toEqual([
      expect.stringMatching(/^A Redis command failed \(SUBSCRIBE: NOPERM .*channels/),
    ]);
    expect(await cache.cacheResponse('key', 'value')).toBe(true);
    expect(await cache.lookup('key')).toMatchObject({ status: 'hit', source: 'redis' });
  });

  it('stores what a factory computed, says so, and waiters of other processes get it by polling', async () => {
    const [one, two] = [open({ near: {} }), open()];
    let calls = 0;
    const { promise, resolve: finish } = deferred<string>();
    const compute = (): Promise<string> => {
      calls += 1;
      return promise;
    };
    const first = one.getOrSetEntry('key', compute);
    await until(() => calls === 1, { what: 'the first call' });
    const second = two.getOrSetEntry('key', compute);
    finish('computed');
    expect(await first).toMatchObject({ value: 'computed', status: 'miss', stored: true });
    expect(await second).toMatchObject({ value: 'computed', status: 'collapsed' });
    expect(calls).toBe(1);
  });
});

it.each([
  ['publish', /^A Redis command failed \(PUBLISH: NOPERM .*'?publish/],
  ['client', /^The near cache is off: the server refuses CLIENT TRACKING/],
  ['scan', /^A Redis command failed \(SCAN: NOPERM .*'?scan/],
  ['get', /^A Redis command failed \(GET: NOPERM .*'?get/],
])('a user without the command %s: the line says which and why', async (command, line) => {
  await grant(...EVERYTHING, `-${command}`);
  const before = await connections();
  const cache = open({ near: {} });
  for (let round = 0; round < 5; round += 1) {
    await cache.getCachedResponse(`key-${round}`);
    await cache.clearCache();
  }
  await until(() => log.matching(line).length === 1, { what: `the line about ${command}` });
  const end = performance.now() + 1_000;
  await until(() => performance.now() > end, { what: 'a second' });
  expect(log.matching(line)).toHaveLength(1);
  expect((await connections()) - before).toBeLessThanOrEqual(6);
});

it('a command that is missing inside a script is named', async () => {
  await grant(...EVERYTHING, '-getrange');
  const cache = open();
  expect(await cache.getOrSet('key', async () => 'value')).toBe('value');
  expect(log.matching(/^A Redis command failed \(GETRANGE in a script: .*user/)).toHaveLength(1);
});

it('a user without PING is served again after an outage', async () => {
  await grant(...EVERYTHING, '-ping');
  const cache = open();
  expect(await cache.cacheResponse('key', 'value')).toBe(true);
  await redis.client().call('CLIENT', 'KILL', 'USER', 'app');
  await untilPhase(cache, 'unavailable');
  await untilPhase(cache, 'serving');
  expect(await cache.getCachedResponse('key')).toBe('value');
});

it('a right that is granted later is used without a restart', async () => {
  await grant(...EVERYTHING, 'resetchannels');
  const cache = open({ near: {} });
  await until(() => log.lines.length > 0, { what: 'the line' });
  await grant('&*');
  await redis.client().call('CLIENT', 'KILL', 'USER', 'app');
  expect(await until(() => cache.cacheResponse('key', 'value'), { what: 'the cache to be back' })).toBe(true);
  await until(async () => ((await cache.lookup('key')) as { source?: string }).source === 'near', {
    what: 'the near cache',
  });
});

describe('rights that change while the cache runs', () => {
  it('a user that may do nothing is an unavailable Redis, and is served again once it may', async () => {
    await grant(...EVERYTHING);
    const cache = open();
    expect(await cache.cacheResponse('key', 'value')).toBe(true);
    await grant(...EVERYTHING, '-@all');
    expect(await cache.isConnected()).toBe(false);
    await untilPhase(cache, 'unavailable');
    expect(cache.getStatus()).toMatchObject({
      breaker: expect.stringMatching(/open/),
      writable: false,
      lastError: 'NOPERM',
    });
    expect(await cache.getOrSetEntry('key', () => 'computed')).toMatchObject({ status: 'bypass' });
    expect(log.matching(/^Redis is unavailable \(.*NOPERM/)).toHaveLength(1);
    await grant(...EVERYTHING);
    await untilPhase(cache, 'serving');
    expect(cache.getStatus()).toMatchObject({ breaker: 'closed', writable: true, lastError: null });
    expect(await cache.getWarnings()).toEqual([]);
    expect(log.matching(/^Redis is back/)).toHaveLength(1);
  });

  it('a user that may not write is a Redis that refuses writes, until it may', async () => {
    await grant(...EVERYTHING);
    const cache = open();
    expect(await cache.cacheResponse('key', 'value')).toBe(true);
    await grant(...EVERYTHING, '-@write');
    expect(await cache.cacheResponse('key', 'new')).toBe(false);
    await until(() => !cache.getStatus().writable, { what: 'the refusal to be known' });
    expect(cache.getStatus()).toMatchObject({ phase: 'serving', lastError: 'NOPERM' });
    expect(await cache.getCachedResponse('key')).toBe('value');
    expect(cache.getStatus()).toMatchObject({ writable: false, lastError: 'NOPERM' });
    expect(await cache.getWarnings()).toEqual([expect.stringMatching(/NOPERM\): .*SET/)]);
    await grant(...EVERYTHING);
    expect(await cache.isWritable()).toBe(true);
    expect(cache.getStatus().writable).toBe(true);
    await until(async () => (await cache.isWritable()) && cache.getStatus().lastError === null, {
      what: 'the failure to be forgotten',
    });
    expect(await cache.getWarnings()).toEqual([]);
  });

  it('one missing right is named in status and warnings while it is missing', async () => {
    await grant(...EVERYTHING, '-get');
    const cache = open();
    expect(await cache.getCachedResponse('key')).toBeNull();
    expect(await cache.isWritable()).toBe(true);
    expect(cache.getStatus()).toMatchObject({ phase: 'serving', writable: true, lastError: 'NOPERM' });
    expect(await cache.getWarnings()).toEqual([expect.stringMatching(/NOPERM\): GET/)]);
    await grant('+get');
    await until(async () => (await cache.isWritable()) && cache.getStatus().lastError === null, {
      what: 'the failure to be forgotten',
    });
  });
});

it('a failure that has ended is not reported any more', async () => {
  await grant(...EVERYTHING);
  const cache = open();
  await redis.client().lpush(`${keyPrefix}:queue:{requests}`, 'foreign');
  await cache.queueRequest('request');
  expect(cache.getStatus().lastError).toBe('WRONGTYPE');
  expect(await cache.cacheResponse('key', 'value')).toBe(true);
  expect(cache.getStatus()).toMatchObject({ phase: 'serving', lastError: null });
});
