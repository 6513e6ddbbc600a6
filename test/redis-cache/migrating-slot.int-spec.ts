import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisCluster, type RedisServer } from '@test/support/index.js';

const KEY = 'key';
/** `CLUSTER KEYSLOT key`. */
const SLOT = 12_539;

describe('a slot of a Cluster that migrates', () => {
  const caches = new Caches();
  let cluster: RedisCluster;
  let log: LogCapture;

  beforeAll(async () => {
    log = LogCapture.start();
    cluster = await RedisCluster.start();
  });

  afterEach(async () => {
    expect(log.lines).toEqual([]);
    for (const node of cluster.masters) await node.client().cluster('SETSLOT', SLOT, 'STABLE');
    await caches.closeAll();
  });

  afterAll(() => cluster.stop());

  /** From now on keys that are missing at the owner are at another master, until the end of the test. */
  async function migrate(): Promise<void> {
    const owner = await ownerOf(SLOT);
    const next = cluster.masters.find((node) => node !== owner)!;
    await next.client().cluster('SETSLOT', SLOT, 'IMPORTING', await idOf(owner));
    await owner.client().cluster('SETSLOT', SLOT, 'MIGRATING', await idOf(next));
  }

  async function ownerOf(slot: number): Promise<RedisServer> {
    const ranges = (await cluster.masters[0]!.client().cluster('SLOTS')) as unknown as [
      number,
      number,
      [string, number],
    ][];
    const [, , [, port]] = ranges.find(([from, to]) => from <= slot && slot <= to)!;
    return cluster.masters.find((node) => node.port === port)!;
  }

  const open = (keyPrefix = freshPrefix()) =>
    caches.create({ connection: { clusterNodes: cluster.addresses }, keyPrefix, commandTimeoutMs: 2_000 });

  it('does not keep an entry from being deleted', async () => {
    const cache = open();
    expect(await cache.cacheResponse(KEY, 'old')).toBe(true);
    await migrate();
    expect(await cache.delete(KEY)).toBe(true);
    expect(await cache.getCachedResponse(KEY)).toBeNull();
  });

  it.each([
    ['an entry', true],
    ['nothing', false],
  ])('does not keep a value from being computed once and stored, over %s', async (_what, isThere) => {
    const prefix = freshPrefix();
    const [one, two] = [open(prefix), open(prefix)];
    await one.isConnected();
    await two.isConnected();
    if (isThere) expect(await one.cacheResponse(KEY, 'old')).toBe(true);
    await migrate();
    let calls = 0;
    const compute = async (): Promise<string> => `computed ${(calls += 1)}`;
    const options = { readPolicy: 'no-cache' as const };
    const results = await Promise.all(
      [one, two].map((cache) => cache.getOrSetEntry(KEY, compute, isThere ? options : {})),
    );
    if (!isThere) expect(results.map(({ value }) => value)).toEqual(['computed 1', 'computed 1']);
    expect(results.some(({ stored }) => stored)).toBe(true);
    expect(await two.getCachedResponse(KEY)).toMatch(/^computed/);
    expect(one.getStatus().phase).toBe('serving');
  });

  it('reports a failure to the waiters of other processes', async () => {
    const prefix = freshPrefix();
    const [one, two] = [open(prefix), open(prefix)];
    expect(await one.cacheResponse(KEY, 'old', 0.05)).toBe(true);
    await two.isConnected();
    await migrate();
    let calls = 0;
    const fail = async (): Promise<string> => {
      calls += 1;
      throw new Error('no');
    };
    const negative = { negativeTtlSeconds: 60, readPolicy: 'no-cache' as const };
    const codes = await Promise.all(
      [one, two].map((cache) => cache.getOrSet(KEY, fail, negative).catch((error: Error) => error.message)),
    );
    expect(codes).toEqual(['no', 'no']);
    expect(calls).toBeLessThanOrEqual(2);
  });

  it('does not keep requests from being queued, read and acknowledged', async () => {
    const cache = open();
    const queue = cache.queue(KEY);
    expect(await queue.queueRequest('one')).toBe(true);
    await migrate();
    expect(await queue.queueRequest('two')).toBe(true);
    expect(await queue.getQueueLength()).toBe(2);
    const reserved = await queue.reserveRequest();
    expect(reserved).toMatchObject({ data: 'one' });
    expect(await queue.acknowledgeRequest(reserved!.id)).toBe(true);
    expect(await queue.dequeueRequest()).toBe('two');
    expect(await queue.clearQueue()).toBe(true);
  });
});

const idOf = async (node: RedisServer): Promise<string> => String(await node.client().cluster('MYID'));
