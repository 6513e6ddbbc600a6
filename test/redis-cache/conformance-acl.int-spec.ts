import * as framework from '@jest/globals';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RedisCacheOptions } from 'nestjs-redis-cache';
import { createBackend } from '@redis-cache/core/create-backend.js';
import { resolveOptions } from '@redis-cache/core/options/redis-cache-options.schema.js';
import { backendConformance as backendContract } from '@redis-cache/testing/conformance/backend-conformance.js';
import { ACL_PASSWORD, grantFromDocs, refusals } from '@test/fixtures/acl-users.js';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisCluster, RedisSentinels, RedisServer, until } from '@test/support/index.js';
import { backendConformance } from './backend-conformance.js';

const USER = 'app';
const ACCOUNT = { username: USER, password: ACL_PASSWORD };
/** `freshPrefix()` begins with it. */
const PREFIX = { documented: 'redis-cache:', used: 'test-*:' };

const grant = (server: RedisServer, ...sections: string[]): Promise<void> =>
  grantFromDocs(server.client(), USER, sections, PREFIX);

async function expectNoRefusal(server: RedisServer): Promise<void> {
  expect(await refusals(server.client(), USER)).toEqual([]);
}

backendConformance('a user with the rights that docs/security.md lists', async () => {
  const server = await RedisServer.start();
  await grant(server, 'cache', 'queue', 'database');
  const { host, port } = server;
  const stop = async (): Promise<void> => {
    await expectNoRefusal(server);
    await server.stop();
  };
  return { options: { connection: { host, port, db: 3, ...ACCOUNT } }, stop };
});

describe.each<[string, RedisCacheOptions, string[]]>([
  ['cache and queue', {}, ['cache', 'queue']],
  ['cache, queue and near cache', { near: {} }, ['cache', 'queue', 'near']],
  ['cache, queue and near cache by pubsub', { near: { invalidation: 'pubsub' } }, ['cache', 'queue']],
])('the rights of %s', (name, options, sections) => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
    await grant(server, ...sections);
  });

  afterAll(() => server.stop());

  backendContract({
    name,
    framework,
    setUp: () => {
      const { host, port } = server;
      const connection = { host, port, ...ACCOUNT };
      return { backend: createBackend(resolveOptions({ ...options, keyPrefix: freshPrefix(), connection })) };
    },
  });

  it('suffice: nothing was refused', () => expectNoRefusal(server));
});

describe('the rights of cache, queue and near cache', () => {
  const caches = new Caches();
  const log = LogCapture.start();

  /** Reads, writes, computes, waits in the near cache, and queues. */
  async function useEverything(connection: RedisCacheOptions['connection']): Promise<void> {
    const options = { connection, keyPrefix: freshPrefix(), near: {} };
    const [one, two] = [caches.create(options), caches.create(options)];
    await until(() => one.cacheResponse('key', 'old'), { what: 'the connection' });
    expect(await one.getOrSet('computed', async () => 1, { tags: ['tag'] })).toBe(1);
    await until(async () => (await two.getCachedResponse('key')) === 'old', { what: 'a copy' });
    expect(await one.cacheResponse('key', 'new')).toBe(true);
    await until(async () => (await two.getCachedResponse('key')) === 'new', { what: 'the change' });
    expect(await one.invalidateTags('tag')).toBe(true);
    expect(await one.queueRequest('request')).toBe(true);
    expect(await two.dequeueRequest()).toBe('request');
    expect(await one.isWritable()).toBe(true);
    expect(await one.clearCache()).toBe(true);
    await caches.closeAll();
    expect(log.lines).toEqual([]);
  }

  it('suffice on a Cluster', async () => {
    const cluster = await RedisCluster.start();
    try {
      for (const node of cluster.nodes) await grant(node, 'cache', 'queue', 'cluster');
      await useEverything({ clusterNodes: cluster.addresses, ...ACCOUNT });
      for (const node of cluster.nodes) await expectNoRefusal(node);
    } finally {
      await caches.closeAll();
      await cluster.stop();
    }
  });

  it('suffice behind Sentinels', async () => {
    const setUp = await RedisSentinels.start();
    try {
      for (const node of [setUp.master, setUp.replica]) await grant(node, 'cache', 'queue', 'near');
      const sentinel = setUp.sentinelServers[0]!;
      const observer = sentinel.client();
      await observer.acl('SETUSER', 'observer', 'on', 'nopass', '+@all');
      await grantFromDocs(observer, 'default', ['sentinel']);
      const { sentinels, masterName: sentinelName } = setUp;
      await useEverything({ sentinels, sentinelName, sentinelPassword: ACL_PASSWORD, ...ACCOUNT });
      await expectNoRefusal(setUp.master);
      const observing = sentinel.client({ username: 'observer', password: 'any' });
      expect(await refusals(observing, 'default')).toEqual([]);
    } finally {
      await caches.closeAll();
      await setUp.stop();
    }
  });
});
