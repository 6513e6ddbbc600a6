import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisCluster, type RedisServer, until } from '@test/support/index.js';

/** `CLUSTER KEYSLOT key`; the second master of three serves it. */
const KEY = 'key';
const SLOT = 12_539;
const CALLS = 20;

describe('a Cluster that is down', () => {
  const caches = new Caches({ commandTimeoutMs: 2_000 });
  let cluster: RedisCluster;
  let log: LogCapture;

  beforeAll(async () => {
    cluster = await RedisCluster.start();
  });

  afterEach(() => caches.closeAll());
  afterAll(() => cluster.stop());

  const open = async () => {
    log = LogCapture.start();
    const connection = { clusterNodes: cluster.addresses };
    const cache = caches.create({ connection, keyPrefix: freshPrefix() });
    expect(await cache.cacheResponse(KEY, 'value')).toBe(true);
    return cache;
  };

  const owner = (): RedisServer => cluster.masters[2]!;

  /** Until every node says so, as each only believes its own state. */
  const untilState = (state: 'ok' | 'fail'): Promise<unknown> =>
    until(
      async () => {
        const infos = await Promise.all(cluster.masters.map((node) => node.client().cluster('INFO')));
        return infos.every((info) => String(info).includes(`cluster_state:${state}`));
      },
      { what: `cluster_state:${state}`, timeoutMs: 30_000 },
    );

  const drop = (): Promise<unknown> =>
    Promise.all(cluster.masters.map((node) => node.client().cluster('DELSLOTS', SLOT)));
  const restore = (): Promise<unknown> => owner().client().cluster('ADDSLOTS', SLOT);

  it.each([KEY, 'another key'])('trips on a read of %s, and recovers by itself', async (key) => {
    const cache = await open();
    await drop();
    await untilState('fail');
    try {
      for (let call = 0; call < CALLS; call += 1) expect(await cache.getCachedResponse(key)).toBeNull();
      await untilPhase(cache, 'unavailable');
      expect(cache.getStatus()).toMatchObject({ breaker: expect.not.stringMatching('closed') });
      expect(cache.getStatus().lastError).toBe('CLUSTERDOWN');
      expect(cache.getCounters().trips).toBe(1);
      expect(log.matching(/^Redis is unavailable \(.*CLUSTERDOWN\)/)).toHaveLength(1);
    } finally {
      await restore();
      await untilState('ok');
    }
    await untilPhase(cache, 'serving');
    expect(log.matching(/^Redis is back/)).toHaveLength(1);
    expect(await cache.cacheResponse(KEY, 'new')).toBe(true);
  });

  it('reports one unserved slot once, and serves the others', async () => {
    const nodes = cluster.masters.map((node) => node.client());
    await Promise.all(nodes.map((node) => node.config('SET', 'cluster-require-full-coverage', 'no')));
    const cache = await open();
    expect(await cache.cacheResponse('another key', 'value')).toBe(true);
    await drop();
    try {
      for (let call = 0; call < 3; call += 1) {
        expect(await cache.getCachedResponse(KEY)).toBeNull();
        expect(cache.getStatus()).toMatchObject({ phase: 'serving', lastError: 'CLUSTERDOWN' });
        expect(await cache.getCachedResponse('another key')).toBe('value');
      }
      expect(cache.getStatus()).toMatchObject({ phase: 'serving', lastError: null });
      // Until all nodes agree on the slots, a command may also be redirected until it is given up.
      expect(log.matching(/^A Redis command failed .*Hash slot not served/)).toHaveLength(1);
      expect(log.matching(/unavailable/)).toEqual([]);
    } finally {
      await restore();
      await Promise.all(nodes.map((node) => node.config('SET', 'cluster-require-full-coverage', 'yes')));
      await untilState('ok');
    }
  });
});
