import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisCluster, SlotMigration } from '@test/support/index.js';
import { readAll } from './held-stream.js';
import { lead, notCalled, openText, untilReceived } from './stream-pair.js';

const KEY = 'key';
/** `CLUSTER KEYSLOT key`. */
const SLOT = 12_539;

describe('a slot of a Cluster that migrates', () => {
  const caches = new Caches();
  let cluster: RedisCluster;
  let log: LogCapture;
  let migration: SlotMigration | undefined;

  beforeAll(async () => {
    log = LogCapture.start();
    cluster = await RedisCluster.start();
  });

  afterEach(async () => {
    await migration?.cancel();
    await caches.closeAll();
    expect(log.lines).toEqual([]);
  });

  afterAll(() => cluster.stop());

  const migrate = async (): Promise<void> => {
    migration = await SlotMigration.begin(cluster, SLOT);
  };

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
    expect(await queue.getQueueStats()).toMatchObject({ waiting: 0, bytes: 0 });
  });

  it('does not hide which queues hold requests, then or later', async () => {
    const cache = open();
    const waiting = async (): Promise<number[]> => {
      const stats = await Promise.all([KEY, 'other'].map((name) => cache.queue(name).getQueueStats()));
      return stats.map((one) => one.waiting);
    };
    for (const name of [KEY, 'other']) expect(await cache.queue(name).queueRequest('one')).toBe(true);
    expect(await waiting()).toEqual([1, 1]);
    await migrate();
    expect(await waiting()).toEqual([1, 1]);
    await migration!.finish();
    expect(await waiting()).toEqual([1, 1]);
    expect(await cache.queue(KEY).clearQueue()).toBe(true);
    expect(await waiting()).toEqual([0, 1]);
  });

  it('leaves the bytes of a queue exact, also for what came meanwhile', async () => {
    const queue = open().queue(KEY);
    const size = JSON.stringify('one').length;
    expect(await queue.queueRequest('one')).toBe(true);
    await migrate();
    expect(await queue.queueRequest('two')).toBe(true);
    await migration!.cancel();
    expect(await queue.queueRequest('six')).toBe(true);
    expect(await queue.getQueueStats()).toMatchObject({ waiting: 3, bytes: 2 * size });
    expect(await queue.dequeueRequests(2)).toEqual(['one', 'two']);
    expect(await queue.getQueueStats()).toMatchObject({ waiting: 1, bytes: size });
    expect(await queue.dequeueRequest()).toBe('six');
    expect(await queue.getQueueStats()).toMatchObject({ waiting: 0, bytes: 0 });
  });

  it('does not keep dead letters from being listed, counted and replayed', async () => {
    const cache = open();
    const queue = cache.queue(KEY);
    expect(await queue.queueRequest('dead')).toBe(true);
    const reserved = await queue.reserveRequest();
    expect(await queue.rejectRequest(reserved!.id)).toBe(true);
    await migrate();
    expect(await queue.getQueueStats()).toMatchObject({ waiting: 0, dead: 1 });
    const [letter] = await queue.listDeadLetters();
    expect(letter).toMatchObject({ data: 'dead' });
    expect(await queue.replayDeadLetter(letter!.id)).toBe(true);
    expect(await queue.getQueueStats()).toMatchObject({ waiting: 1, dead: 0 });
    expect(await queue.dequeueRequest()).toBe('dead');
    expect(await queue.clearDeadLetters()).toBe(true);
  });

  it('does not keep a request from becoming a dead letter', async () => {
    const cache = open();
    const queue = cache.queue(KEY);
    expect(await queue.queueRequest('dead')).toBe(true);
    const reserved = await queue.reserveRequest();
    await migrate();
    expect(await queue.rejectRequest(reserved!.id)).toBe(true);
    expect(await queue.getQueueStats()).toMatchObject({ waiting: 0, reserved: 0, dead: 1 });
    expect(await queue.listDeadLetters()).toMatchObject([{ data: 'dead', reason: 'rejected' }]);
  });

  it('does not keep batches of a tally from being counted, each once', async () => {
    const { sharedCounters: counters } = open();
    const first = { writer: 'one', sequence: 1 };
    expect(await counters.add(KEY, { hits: 1 }, first)).toBe(true);
    await migrate();
    for (const batch of [first, { writer: 'two', sequence: 1 }, { writer: 'two', sequence: 1 }])
      expect(await counters.add(KEY, { hits: 2 }, batch)).toBe(true);
    expect(await counters.read(KEY)).toEqual({ hits: 3 });
    expect(await counters.add(KEY, { hits: 4 }, { writer: 'two', sequence: 2 })).toBe(true);
    expect(await counters.read(KEY)).toEqual({ hits: 7 });
  });

  it('does not keep other processes from reading a stream while it is computed', async () => {
    const prefix = freshPrefix();
    const [one, two] = [open(prefix), open(prefix)];
    await Promise.all([one.isConnected(), two.isConnected()]);
    await migrate();
    const leading = await lead(one, KEY);
    const follower = readAll(await openText(two, KEY, notCalled));
    await untilReceived(follower, 1);
    leading.call.push('second');
    await untilReceived(follower, 2);
    leading.call.end();
    expect(await follower.ended).toBeUndefined();
    expect(follower.pieces).toEqual(['first', 'second']);
  });

  it('does not end a stream that began before', async () => {
    const prefix = freshPrefix();
    const [one, two] = [open(prefix), open(prefix)];
    await Promise.all([one.isConnected(), two.isConnected()]);
    const leading = await lead(one, KEY);
    const follower = readAll(await openText(two, KEY, notCalled));
    await untilReceived(follower, 1);
    await migrate();
    leading.call.push('second');
    await untilReceived(follower, 2);
    leading.call.end();
    expect(await follower.ended).toBeUndefined();
    expect(await leading.received.ended).toBeUndefined();
    expect(await two.getCachedResponse(KEY)).toBe(follower.pieces.join('|'));
  });
});
