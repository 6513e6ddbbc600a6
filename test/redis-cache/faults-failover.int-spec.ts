import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { answers, FALLBACKS } from '@test/fixtures/redis-cache/operations.js';
import { RECOVERY_LIMIT_MS, recoveryMs, untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisCluster, RedisSentinels, RedisServer, until } from '@test/support/index.js';

describe('a master behind Sentinels', () => {
  const caches = new Caches();
  let setUp: RedisSentinels;
  let cache: RedisCacheService;
  let log: LogCapture;

  beforeEach(async () => {
    log = LogCapture.start();
    setUp = await RedisSentinels.start();
    cache = open();
    expect(await cache.cacheResponse('key', 'value')).toBe(true);
    await setUp.master.client().wait(1, 5_000);
  });

  afterEach(async () => {
    await caches.closeAll();
    await setUp.stop();
  });

  const open = (): RedisCacheService => {
    const { sentinels, masterName: sentinelName } = setUp;
    return caches.create({ connection: { sentinels, sentinelName }, keyPrefix: freshPrefix() });
  };

  it('is replaced by the replica within a second of the fail-over if it is killed, without any call', async () => {
    // With a prefix of its own: one of the calls clears the cache, which is repeated when Redis is back.
    const other = open();
    expect(await other.isConnected()).toBe(true);
    const failover = setUp.awaitFailover();
    await setUp.master.kill();
    await untilPhase(cache, 'unavailable');
    await untilPhase(other, 'unavailable');
    expect(await answers(other)).toEqual(FALLBACKS);
    await failover;
    expect(await recoveryMs(cache)).toBeLessThan(RECOVERY_LIMIT_MS);
    expect(await cache.getCachedResponse('key')).toBe('value');
    expect(await cache.cacheResponse('key', 'new')).toBe(true);
    await untilPhase(other, 'serving');
    expect(log.lines).toHaveLength(4);
  });

  it('is replaced by the former replica if it becomes a replica and stays reachable', async () => {
    const failover = setUp.awaitFailover();
    const sentinel = setUp.sentinelServers[0]!.client();
    // Refused until the Sentinel has queried the state of the replica.
    await until(() => sentinel.call('SENTINEL', 'FAILOVER', setUp.masterName), {
      what: 'the fail-over to begin',
    });
    await failover;
    await until(() => cache.cacheResponse('key', 'new'), { what: 'a write to the new master' });
    await until(async () => (await setUp.replica.client().role())[0] === 'master', { what: 'the new role' });
    expect(await cache.getCachedResponse('key')).toBe('new');
    expect(await cache.queueRequest('request')).toBe(true);
    expect(await cache.dequeueRequest()).toBe('request');
  });
});

describe('of several Sentinels', () => {
  const caches = new Caches();
  let setUp: RedisSentinels;

  beforeAll(async () => {
    LogCapture.start();
    setUp = await RedisSentinels.start();
  });

  afterAll(() => setUp.stop());
  afterEach(() => caches.closeAll());

  it('a frozen one costs one time limit, then the next is queried', async () => {
    const frozen = await RedisServer.start();
    await frozen.pause();
    try {
      const sentinels = [{ host: frozen.host, port: frozen.port }, ...setUp.sentinels];
      const connection = { sentinels, sentinelName: setUp.masterName };
      const cache = caches.create({ connection, keyPrefix: freshPrefix(), connectTimeoutMs: 200 });
      await untilPhase(cache, 'serving');
      expect(await cache.cacheResponse('key', 'value')).toBe(true);
    } finally {
      await frozen.stop();
    }
  });
});

describe('a Cluster that has lost a master', () => {
  const caches = new Caches();
  let cluster: RedisCluster;
  let cache: RedisCacheService;
  let keyPrefix: string;

  beforeAll(async () => {
    LogCapture.start();
    const extraArgs = ['--cluster-require-full-coverage', 'no'];
    cluster = await RedisCluster.start({ masters: 3, nodeTimeoutMs: 60_000, node: { extraArgs } });
    keyPrefix = freshPrefix();
    const connection = { clusterNodes: cluster.addresses };
    cache = caches.create({ connection, keyPrefix, commandTimeoutMs: 2_000 });
    for (let key = 0; key < 30; key += 1) await cache.cacheResponse(`key-${key}`, key);
  });

  afterAll(async () => {
    await caches.closeAll();
    await cluster.stop();
  });

  async function keysOn(master: number): Promise<string[]> {
    const names = await cluster.masters[master]!.client().keys(`${keyPrefix}:cache:*`);
    return names.map((name) => /\{(.*)\}$/.exec(name)![1]!);
  }

  it('serves the keys of the other masters, returns fallbacks for the rest, and serves all keys when it is back', async () => {
    const [lost] = await keysOn(0);
    const [kept] = await keysOn(1);
    await cluster.masters[0]!.kill();
    for (let call = 0; call < 3; call += 1) {
      expect(await cache.getCachedResponse(lost!)).toBeNull();
      expect(await cache.cacheResponse(lost!, 'x')).toBe(false);
      expect(await cache.getCachedResponse(kept!)).not.toBeNull();
      expect(await cache.cacheResponse(kept!, 'x')).toBe(true);
    }
    expect(cache.getStatus()).toMatchObject({ phase: 'serving', breaker: 'closed' });
    await cluster.masters[0]!.restart();
    await until(() => cache.cacheResponse(lost!, 'back'), { what: 'the lost slots to be served again' });
    expect(await cache.getCachedResponse(lost!)).toBe('back');
  });
});
