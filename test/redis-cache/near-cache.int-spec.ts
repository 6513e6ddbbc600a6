import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createRedisCache, type RedisCacheOptions, type RedisCacheService } from 'nestjs-redis-cache';
import { PATIENT_MS } from '@test/fixtures/redis-cache/caches.js';
import { RedisCluster, RedisServer, until } from '@test/support/index.js';

const KEY = 'key';
const paid = (): string => 'paid';
/** An invalidation must take effect within this time. */
const SEEN_WITHIN_MS = 1_000;

const caches: RedisCacheService[] = [];

afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.close()));
});

async function open(options: RedisCacheOptions): Promise<RedisCacheService> {
  const cache = createRedisCache({ near: {}, commandTimeoutMs: PATIENT_MS, ...options });
  caches.push(cache);
  expect(await cache.isConnected()).toBe(true);
  return cache;
}

async function sourceOf(cache: RedisCacheService, key = KEY, value: unknown = 'computed'): Promise<string> {
  const { source } = await cache.getOrSetEntry(key, () => value);
  return source;
}

/** Calls `getOrSet` until the near copy is returned. */
async function bringNear(cache: RedisCacheService, key = KEY): Promise<void> {
  await until(async () => (await sourceOf(cache, key)) === 'near', { what: 'a near copy', everyMs: 5 });
}

async function expectGone(cache: RedisCacheService, key = KEY): Promise<void> {
  await until(async () => (await cache.getCachedResponse(key)) === null, {
    what: 'the invalidation to take effect',
    timeoutMs: SEEN_WITHIN_MS,
    everyMs: 5,
  });
}

describe.each(['server', 'pubsub', 'cluster'] as const)('near copies, invalidated through %s', (how) => {
  let options: RedisCacheOptions;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    if (how === 'cluster') {
      const cluster = await RedisCluster.start({ masters: 3 });
      const clusterNodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
      [options, stop] = [{ connection: { clusterNodes } }, () => cluster.stop()];
    } else {
      const redis = await RedisServer.start();
      const connection = { host: redis.host, port: redis.port };
      [options, stop] = [{ connection, near: { invalidation: how } }, () => redis.stop()];
    }
  });

  afterAll(() => stop?.());

  let a: RedisCacheService;
  let b: RedisCacheService;

  beforeEach(async () => {
    a = await open(options);
    b = await open(options);
    expect(await a.clearCache()).toBe(true);
    await Promise.all([bringNear(a), bringNear(b)]);
  });

  it('are returned without a command, with one frozen value for all', async () => {
    const value = { nested: { list: [1] } };
    await a.cacheResponse('object', value);
    await until(async () => (await sourceOf(a, 'object')) === 'near', { what: 'a near copy' });
    const [one, two] = [
      await a.getCachedResponse<typeof value>('object'),
      await a.getOrSet('object', () => value),
    ];
    expect(one).toBe(two);
    expect(() => one!.nested.list.push(2)).toThrow(TypeError);
    expect(a.getCounters().nearHits).toBeGreaterThan(0);
  });

  it('are dropped when another process deletes the entry', async () => {
    expect(await a.delete(KEY)).toBe(true);
    await expectGone(b);
    expect(await a.getCachedResponse(KEY)).toBeNull();
  });

  it('are dropped when another process writes the entry', async () => {
    expect(await a.cacheResponse(KEY, 'new')).toBe(true);
    expect(await a.getCachedResponse(KEY)).toBe('new');
    await until(async () => (await b.getCachedResponse(KEY)) === 'new', {
      what: 'the new value',
      timeoutMs: SEEN_WITHIN_MS,
      everyMs: 5,
    });
  });

  it('are dropped when another process clears the cache', async () => {
    let status = b.getStatus();
    await until(
      async () => {
        await bringNear(b);
        status = b.getStatus();
        return status.nearEntries === 1;
      },
      { what: 'a near copy that no late announcement drops' },
    );
    expect(status.nearBytes).toBeGreaterThan(KEY.length);
    expect(await a.clearCache()).toBe(true);
    await expectGone(b);
    expect(b.getStatus()).toMatchObject({ nearEntries: 0, nearBytes: 0 });
  });

  /** Whether a near copy of `b` outlives the invalidation of a tag that it does not carry. */
  async function leavesOthers(): Promise<boolean> {
    await a.getOrSet('tagged', () => 1, { tags: ['red', 'blue'] });
    await Promise.all([bringNear(b), bringNear(b, 'tagged')]);
    expect(await a.invalidateTags('blue')).toBe(true);
    await expectGone(b, 'tagged');
    return (await sourceOf(b)) === 'near';
  }

  it('are dropped when another process invalidates their tag, and no others', async () => {
    // Nodes of a Cluster do not keep the order of each other's messages: an announcement of the setup may come late
    // and drop the other copy. An invalidation that drops it does so in every round.
    await until(leavesOthers, { what: 'an invalidation that leaves other copies' });
  });

  it('expire no later than their entry', async () => {
    // Repeats only if the machine pauses for the whole TTL.
    await until(
      async () => {
        await a.cacheResponse('short', 'lived', 0.3);
        return (await b.getCachedResponse('short')) === 'lived';
      },
      { what: 'the short-lived value' },
    );
    await expectGone(b, 'short');
  });
});

describe.each(['server', 'pubsub'] as const)(
  'near copies of computed values, invalidated through %s',
  (invalidation) => {
    let redis: RedisServer;
    let a: RedisCacheService;
    let b: RedisCacheService;
    /** Without a near cache: returns what is stored. */
    let plain: RedisCacheService;

    beforeAll(async () => {
      redis = await RedisServer.start();
    });

    afterAll(() => redis.stop());

    beforeEach(async () => {
      await redis.client().flushall();
      const connection = { host: redis.host, port: redis.port };
      a = await open({ connection, near: { invalidation } });
      b = await open({ connection, near: { invalidation } });
      plain = await open({ connection, near: undefined });
      await Promise.all([bringNear(a), bringNear(b)]);
    });

    /** Returns how many commands have read an entry or acquired a lease. */
    async function commands(): Promise<number> {
      const stats = await redis.client().info('commandstats');
      const calls = [...stats.matchAll(/^cmdstat_(?:get|getrange|eval|evalsha):calls=(\d+)/gm)];
      return calls.reduce((sum, [, count]) => sum + Number(count), 0);
    }

    it('are returned for the first repeat, even if it follows at once', async () => {
      let near = 0;
      for (let round = 0; round < 50; round += 1) {
        expect(await sourceOf(a, `key ${round}`)).toBe('factory');
        near += Number((await sourceOf(a, `key ${round}`)) === 'near');
      }
      // The server's notification may come in between; then the copy is read back.
      expect(near).toBeGreaterThan(25);
    });

    it('are returned for the first repeat without a command, with the same value as a hit from Redis', async () => {
      const value = { at: new Date(0), left: undefined, text: 'a' };
      await a.getOrSet('first', () => value, { tags: ['tag'] });
      await until(() => a.getStatus().nearEntries === 2, { what: 'the near copy' });
      await sleep(50);
      const before = await commands();
      const repeat = await a.getOrSetEntry('first', () => 'other', { tags: ['tag'] });
      expect(repeat).toMatchObject({ source: 'near', status: 'hit' });
      expect(await a.getCachedResponse('first')).toEqual({ at: '1970-01-01T00:00:00.000Z', text: 'a' });
      expect(await commands()).toBe(before);
    });

    it('are kept by a process that does the work of its own ticket', async () => {
      await a.getOrSet('ticket', async ({ ticket }) => (await a.resume(ticket!, paid)).value);
      await until(() => a.getStatus().nearEntries === 2, { what: 'the near copy' });
      await sleep(50);
      expect(await sourceOf(a, 'ticket')).toBe('near');
    });

    it.each<[string, (key: string) => Promise<unknown>]>([
      ['writes the entry', (key) => b.cacheResponse(key, 'foreign')],
      ['deletes the entry', (key) => b.delete(key)],
      ['invalidates its tag', () => b.invalidateTags('race')],
      ['computes the entry again', (key) => b.getOrSet(key, () => 'foreign', { readPolicy: 'no-cache' })],
    ])(
      'are never older than the stored entry, even if another process %s meanwhile',
      async (_what, change) => {
        for (let round = 0; round < 100; round += 1) {
          const key = `race ${round}`;
          const options = { tags: ['race'], readPolicy: 'no-cache' } as const;
          const computed = a.getOrSet(key, () => 'computed', options);
          await sleep(round % 4);
          await Promise.all([computed, change(key)]);
          await until(async () => (await a.getCachedResponse(key)) === (await plain.getCachedResponse(key)), {
            what: 'the stored value',
            timeoutMs: SEEN_WITHIN_MS,
            everyMs: 5,
          });
          // A wrong copy would persist.
          await sleep(2);
          expect(await a.getCachedResponse(key)).toEqual(await plain.getCachedResponse(key));
        }
      },
    );
  },
);

describe('near copies on a Cluster', () => {
  it('are dropped when the connection is cut and an invalidation is missed', async () => {
    const cluster = await RedisCluster.start({ masters: 3 });
    const connection = { clusterNodes: cluster.nodes.map(({ host, port }) => ({ host, port })) };
    try {
      const [a, b] = [await open({ connection }), await open({ connection })];
      for (let round = 0; round < 5; round += 1) {
        await bringNear(b, `key ${round}`);
        await Promise.all(cluster.nodes.map((node) => node.client().client('KILL', 'TYPE', 'PUBSUB')));
        expect(await a.delete(`key ${round}`)).toBe(true);
        await expectGone(b, `key ${round}`);
      }
    } finally {
      await Promise.all(caches.splice(0).map((cache) => cache.close()));
      await cluster.stop();
    }
  });
});

describe('near copies and the server', () => {
  let redis: RedisServer;
  let connection: { host: string; port: number };

  beforeEach(async () => {
    redis = await RedisServer.start();
    connection = { host: redis.host, port: redis.port };
  });

  afterEach(() => redis.stop());

  it('are dropped when another program writes or deletes the key', async () => {
    const cache = await open({ connection });
    await bringNear(cache);
    await redis.client().set('redis-cache:cache:{key}', '"foreign"');
    await until(async () => (await cache.getCachedResponse(KEY)) === 'foreign', {
      what: 'the foreign value',
      timeoutMs: SEEN_WITHIN_MS,
    });
    await redis.client().del('redis-cache:cache:{key}');
    await expectGone(cache);
  });

  it('are dropped when the entry expires in Redis before its own expiry', async () => {
    const cache = await open({ connection });
    const shortened = async (): Promise<boolean> => {
      await cache.cacheResponse(KEY, 'value', 3_600);
      await redis.client().pexpire('redis-cache:cache:{key}', 500);
      await cache.getCachedResponse(KEY);
      return (await cache.getCachedResponse(KEY)) !== null && cache.getStatus().nearEntries === 1;
    };
    await until(shortened, { what: 'a near copy of an entry that is about to expire' });
    await until(async () => (await cache.getCachedResponse(KEY)) === null, {
      what: 'the expiry to be reported',
    });
  });

  it('are frozen also without getOrSet', async () => {
    const cache = await open({ connection });
    await cache.cacheResponse(KEY, { list: [1] });
    const isNear = async (): Promise<boolean> => {
      await cache.getCachedResponse(KEY);
      return cache.getStatus().nearEntries === 1;
    };
    await until(isNear, { what: 'a near copy' });
    const value = await cache.getCachedResponse<{ list: number[] }>(KEY);
    expect(() => value!.list.push(2)).toThrow(TypeError);
  });

  it('are dropped when the database is flushed', async () => {
    const cache = await open({ connection });
    await bringNear(cache);
    await redis.client().flushall();
    await expectGone(cache);
  });

  it('are dropped when the connection is cut and an invalidation is missed', async () => {
    const [a, b] = [await open({ connection }), await open({ connection })];
    await bringNear(b);
    await redis.client().client('KILL', 'TYPE', 'PUBSUB');
    expect(await a.delete(KEY)).toBe(true);
    await expectGone(b);
  });

  it('are served while Redis is down, for staleSeconds at most', async () => {
    const [brief, patient] = [
      await open({ connection, near: { staleSeconds: 0.5 } }),
      await open({ connection, near: { staleSeconds: 600 } }),
    ];
    await Promise.all([bringNear(brief), bringNear(patient)]);
    await redis.kill();
    await until(() => brief.getStatus().phase === 'unavailable', { what: 'the outage' });
    await until(() => patient.getStatus().phase === 'unavailable', { what: 'the outage' });
    await expectGone(brief);
    expect(await patient.getCachedResponse(KEY)).toBe('computed');
  });

  it('are dropped if the server is frozen and no events arrive', async () => {
    const cache = await open({ connection, near: { staleSeconds: 0.5 }, commandTimeoutMs: 500 });
    await bringNear(cache);
    await redis.pause();
    // Two heartbeats are missed, then the half second passes.
    await until(async () => (await cache.getCachedResponse(KEY)) === null, {
      what: 'the copy to be dropped',
    });
  });

  it('are refreshed in the background past the given fraction of their TTL', async () => {
    const cache = await open({ connection });
    const options = { ttlSeconds: 600, refreshAhead: 0.000_1 };
    let calls = 0;
    const count = async (): Promise<number> => (calls += 1);
    await cache.getOrSet('ahead', count, options);
    await until(async () => (await cache.getOrSet('ahead', count, options)) > 1, {
      what: 'a refreshed value',
    });
    await redis.kill();
    expect(
      (await cache.getOrSetEntry('ahead', () => Promise.reject(new Error('down')), options)).status,
    ).toBe('hit');
  });

  it('are returned at once, even if the options of their background refresh are invalid', async () => {
    const cache = await open({ connection });
    await bringNear(cache);
    const wrong = { refreshAhead: 0.000_001, jitterRatio: 5 };
    expect(await cache.getOrSet(KEY, () => 'new', wrong)).toBe('computed');
  });

  it('are kept when another entry with the same tag is computed', async () => {
    const cache = await open({ connection });
    await cache.getOrSet('one', () => 1, { tags: ['shared'] });
    await bringNear(cache, 'one');
    await cache.getOrSet('two', () => 2, { tags: ['shared'] });
    // Later than any effect of the second computation.
    await bringNear(cache, 'two');
    expect(await sourceOf(cache, 'one')).toBe('near');
  });

  it('are kept of values computed while Redis is down', async () => {
    const cache = await open({ connection });
    await redis.kill();
    await until(() => cache.getStatus().phase === 'unavailable', { what: 'the outage' });
    const sources = [await sourceOf(cache), await sourceOf(cache)];
    expect(sources).toEqual(['factory', 'near']);
  });

  it('are disabled if the server refuses to send events', async () => {
    await redis
      .client()
      .call('ACL', 'SETUSER', 'plain', 'on', '>pw', '~*', '&*', '+@all', '-client|tracking');
    const cache = await open({ connection: { ...connection, username: 'plain', password: 'pw' } });
    for (let round = 0; round < 5; round += 1) {
      expect(await sourceOf(cache)).not.toBe('near');
      await sleep(20);
    }
  });

  it('never keep an old value that changed while it was read', async () => {
    const cache = await open({ connection });
    const other = await open({ connection, near: undefined });
    for (let round = 0; round < 200; round += 1) {
      const [, read] = await Promise.all([
        other.cacheResponse('race', round),
        cache.getCachedResponse('race'),
      ]);
      expect(read === null || (read as number) <= round).toBe(true);
    }
    await until(async () => (await cache.getCachedResponse('race')) === 199, {
      what: 'the last value',
      timeoutMs: SEEN_WITHIN_MS,
    });
  });
});
