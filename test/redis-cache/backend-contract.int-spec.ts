import * as framework from '@jest/globals';
import { afterAll, beforeAll, describe } from '@jest/globals';
import type { Cluster, Redis } from 'ioredis';
import { createBackend } from '@redis-cache/core/create-backend.js';
import type { RedisCacheOptions } from '@redis-cache/core/options/redis-cache-options.js';
import { resolveOptions } from '@redis-cache/core/options/redis-cache-options.schema.js';
import { backendConformance } from '@redis-cache/testing/conformance/backend-conformance.js';
import { freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { RedisCluster, RedisSentinels, RedisServer } from '@test/support/index.js';
import type { RedisConnectionOptions } from 'nestjs-redis-connection';

/** A Redis that a backend is tested on. */
interface Store {
  connection: RedisConnectionOptions;
  /** A client as another program might use it. */
  client: Redis | Cluster;
  stop(): Promise<unknown>;
}

/** Runs the contract on backends that share a store, each with its own prefix. */
function contractOn(name: string, start: () => Promise<Store>, options: RedisCacheOptions = {}): void {
  describe(`on ${name}`, () => {
    let store: Store;
    let keyPrefix: string;

    beforeAll(async () => {
      store = await start();
    });

    afterAll(() => store?.stop());

    backendConformance({
      name,
      framework,
      setUp: () => {
        keyPrefix = freshPrefix();
        const { connection } = store;
        return { backend: createBackend(resolveOptions({ ...options, keyPrefix, connection })) };
      },
      plantForeign: {
        entry: (key) => store.client.rpush(`${keyPrefix}:cache:{${key}}`, 'a list'),
        request: (queue) => store.client.xadd(`${keyPrefix}:queue:{${queue}}`, '*', 'foreign', 'field'),
      },
    });
  });
}

async function startServer(): Promise<Store> {
  const server = await RedisServer.start();
  return { connection: { url: server.url }, client: server.client(), stop: () => server.stop() };
}

contractOn('a standalone Redis', startServer);

contractOn('a standalone Redis that is listened to', startServer, { near: {} });

contractOn('a master behind Sentinels', async () => {
  const sentinels = await RedisSentinels.start();
  return {
    connection: { sentinels: sentinels.sentinels, sentinelName: sentinels.masterName },
    client: sentinels.master.client(),
    stop: () => sentinels.stop(),
  };
});

contractOn('a Cluster of three masters', async () => {
  const cluster = await RedisCluster.start({ masters: 3 });
  return {
    connection: { clusterNodes: cluster.addresses },
    client: cluster.client(),
    stop: () => cluster.stop(),
  };
});
