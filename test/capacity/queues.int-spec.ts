import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { measureQueue } from '../../bench/capacity/effects.mjs';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { RedisCluster } from '@test/support/index.js';

const REQUESTS_PER_QUEUE = 20;

describe('queues on a Cluster of three masters', () => {
  const caches = new Caches();
  let cluster: RedisCluster;
  let cache: RedisCacheService;

  beforeAll(async () => {
    cluster = await RedisCluster.start();
    cache = caches.create({ connection: { clusterNodes: cluster.addresses } });
    expect(await cache.isConnected()).toBe(true);
  });

  afterAll(async () => {
    await caches.closeAll();
    await cluster.stop();
  });

  /** Scripts that each master has run. */
  function scripts(): Promise<number[]> {
    return Promise.all(
      cluster.masters.map(async (master) => {
        const stats = await master.client().info('commandstats');
        return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
      }),
    );
  }

  /** Returns the share of the commands of `count` queues that each master has received. */
  async function shares(count: number): Promise<number[]> {
    const before = await scripts();
    for (let index = 0; index < count; index += 1) {
      const queue = cache.queue(`queue ${index}`);
      for (let request = 0; request < REQUESTS_PER_QUEUE; request += 1) await queue.queueRequest(request);
    }
    const calls = (await scripts()).map((after, index) => after - before[index]!);
    const all = calls.reduce((sum, one) => sum + one, 0);
    expect(all).toBeGreaterThanOrEqual(count * REQUESTS_PER_QUEUE);
    return calls.map((one) => one / all);
  }

  it('use one master for one queue, and all masters for twelve', async () => {
    expect(Math.max(...(await shares(1)))).toBe(1);
    const spread = await shares(12);
    expect(Math.min(...spread)).toBeGreaterThan(0.15);
    expect(Math.max(...spread)).toBeLessThan(0.6);
  });
});

it('a queue costs one command for each call that adds requests, however many they are', async () => {
  const [alone, together] = [await measureQueue(1), await measureQueue(100)];
  expect(alone.added.all).toBeGreaterThanOrEqual(1_000);
  expect(together.added.all).toBeLessThan(15);
  expect(alone.taken.all).toBeGreaterThanOrEqual(2_000);
  expect(together.taken.all).toBeLessThan(30);
});
