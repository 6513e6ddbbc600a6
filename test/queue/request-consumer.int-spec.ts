import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  InvalidCallOptionError,
  LeaseEndedError,
  type RedisCacheService,
  RejectRequestError,
  type RequestConsumer,
  type RequestConsumerOptions,
  TryLaterError,
} from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { deferred } from '@test/fixtures/redis-cache/deferred.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until, within } from '@test/support/index.js';

/** Failed requests are available again at once. */
const NO_DELAY = { retryDelayMs: 0 };

describe.each(['memory', 'redis'] as const)('RequestConsumer on %s', (backend) => {
  const caches = new Caches();
  let log: LogCapture;
  let server: RedisServer;
  let cache: RedisCacheService;

  beforeAll(async () => {
    log = LogCapture.start();
    server = await RedisServer.start();
  });

  afterEach(() => caches.closeAll());

  afterAll(() => server.stop());

  const open = (): RedisCacheService => {
    const where = backend === 'memory' ? { backend } : { connection: { url: server.url } };
    cache = caches.create({ ...where, keyPrefix: freshPrefix(), commandTimeoutMs: 5_000 });
    return cache;
  };

  const consume = (options: RequestConsumerOptions<number>): RequestConsumer<number> => {
    const consumer = cache.queue().createConsumer(options);
    consumer.start();
    return consumer;
  };

  const untilGone = (): Promise<unknown> =>
    until(
      async () => {
        const { waiting, reserved } = await cache.queue().getQueueStats();
        return waiting + reserved === 0;
      },
      { what: 'the queue to be empty' },
    );

  it('handles waiting and arriving requests in order and acknowledges them', async () => {
    open();
    const handled: number[] = [];
    await cache.queue().queueRequests([1, 2, 3]);
    consume({ handler: ({ data }) => void handled.push(data) });
    await until(() => handled.length === 3, { what: 'what waited' });
    await cache.queueRequest(4);
    await untilGone();
    expect(handled).toEqual([1, 2, 3, 4]);
    expect(await cache.queue().listDeadLetters()).toEqual([]);
  });

  it('handles at most `concurrency` requests at the same time', async () => {
    open();
    const gate = deferred<void>();
    let most = 0;
    await cache.queue().queueRequests(Array.from({ length: 9 }, (_, index) => index));
    const consumer = consume({
      concurrency: 3,
      handler: async () => {
        most = Math.max(most, consumer.running);
        await gate.promise;
      },
    });
    await until(() => consumer.running === 3, { what: 'three handlers' });
    expect(await cache.queue().getQueueStats()).toMatchObject({ waiting: 6, reserved: 3 });
    gate.resolve();
    await untilGone();
    expect(most).toBe(3);
  });

  it('does not wait for the poll timer while requests are available', async () => {
    open();
    let handled = 0;
    // One missed call in each turn would cost a second each: far more than there is time.
    await cache.queue().queueRequests(Array.from({ length: 300 }, (_, index) => index));
    consume({ concurrency: 3, handler: () => void (handled += 1) });
    await untilGone();
    expect(handled).toBe(300);
  });

  it('fetches `prefetch` requests ahead and releases them when it stops', async () => {
    open();
    await cache.queue().queueRequests([1, 2, 3, 4]);
    const gate = deferred<void>();
    const consumer = consume({ prefetch: 2, handler: () => gate.promise });
    await until(async () => (await cache.queue().getQueueStats()).reserved === 3, {
      what: 'three to be held',
    });
    const stopped = consumer.stop();
    await until(async () => (await cache.queue().getQueueStats()).waiting === 3, {
      what: 'two to be given back',
    });
    gate.resolve();
    await stopped;
    const left = await cache.queue().reserveRequests(4);
    expect(left.map(({ data, deliveries }) => [data, deliveries])).toEqual([
      [2, 1],
      [3, 1],
      [4, 1],
    ]);
  });

  it('handles the requests behind a failing one, which becomes a dead letter', async () => {
    open();
    const handled: number[] = [];
    log.clear();
    await cache.queue().queueRequests([0, 1, 2]);
    consume({
      ...NO_DELAY,
      handler: ({ data }) => {
        if (data === 0) throw new Error('a secret of the request');
        handled.push(data);
      },
    });
    await untilGone();
    expect(handled).toEqual([1, 2]);
    expect(await cache.queue().listDeadLetters()).toEqual([
      expect.objectContaining({ data: 0, deliveries: 5, reason: 'a secret of the request' }),
    ]);
    expect(log.matching(/failed \(Error\), delivery 5 of 5/)).toHaveLength(1);
    expect(log.matching(/secret/)).toEqual([]);
  });

  it('retries a failed request after a delay, and handles others meanwhile', async () => {
    open();
    const seen: [number, number][] = [];
    await cache.queue().queueRequests([0, 1]);
    consume({
      retryDelayMs: 300,
      handler: ({ data, deliveries }) => {
        seen.push([data, deliveries]);
        if (data === 0 && deliveries === 1) throw new Error('once');
      },
    });
    await untilGone();
    expect(seen).toEqual([
      [0, 1],
      [1, 1],
      [0, 2],
    ]);
  });

  it('rejects a request whose handler throws RejectRequestError', async () => {
    open();
    await cache.queueRequest(7);
    consume({
      handler: () => {
        throw new RejectRequestError('no seven');
      },
    });
    await untilGone();
    const dead = await cache.queue().listDeadLetters();
    expect(dead).toEqual([expect.objectContaining({ data: 7, deliveries: 1, reason: 'no seven' })]);
  });

  it('pauses when its handler throws TryLaterError, and does not count the delivery', async () => {
    open();
    const seen: number[] = [];
    await cache.queueRequest(1);
    const startedAt = performance.now();
    consume({
      handler: ({ deliveries }) => {
        seen.push(deliveries);
        if (seen.length <= 6) throw new TryLaterError(30);
      },
    });
    await untilGone();
    expect(seen).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(6 * 29);
  });

  it('renews the lease for as long as its handler runs', async () => {
    open();
    await cache.queueRequest(1);
    let calls = 0;
    consume({
      leaseSeconds: 0.6,
      handler: async () => {
        calls += 1;
        await sleep(2_000);
      },
    });
    await until(() => calls === 1, { what: 'the handler' });
    await untilGone();
    expect(calls).toBe(1);
    expect(await cache.queue().listDeadLetters()).toEqual([]);
  });

  it('aborts a handler that has lost its lease, and leaves the request to its new consumer', async () => {
    open();
    await cache.queueRequest(1);
    const lost = deferred<unknown>();
    consume({
      leaseSeconds: 0.3,
      handler: (_request, { signal }) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            lost.resolve(signal.reason);
            resolve();
          });
        }),
    });
    await until(async () => (await cache.queue().getQueueStats()).reserved === 1, {
      what: 'the request to be held',
    });
    await cache.clearQueue();
    expect(await within(lost.promise, { what: 'the signal' })).toBeInstanceOf(LeaseEndedError);
    expect(cache.getCounters().acknowledged).toBe(0);
  });

  it('waits for running handlers when it stops', async () => {
    open();
    await cache.queue().queueRequests([1, 2]);
    const gate = deferred<void>();
    const consumer = consume({ handler: () => gate.promise });
    await until(() => consumer.running === 1, { what: 'the handler' });
    const stopped = consumer.stop();
    gate.resolve();
    await within(stopped, { what: 'the consumer to stop' });
    expect(await cache.queue().getQueueStats()).toMatchObject({ waiting: 1, reserved: 0 });
    await consumer.stop();
    consumer.start();
    expect(consumer.running).toBe(0);
  });

  it('releases unfinished requests after the drain timeout, before new ones and without counting the delivery', async () => {
    open();
    await cache.queue().queueRequests([1, 2]);
    const aborted = deferred<unknown>();
    const consumer = consume({
      drainTimeoutMs: 50,
      handler: (_request, { signal }) => {
        signal.addEventListener('abort', () => aborted.resolve(signal.reason));
        return new Promise(() => {});
      },
    });
    await until(() => consumer.running === 1, { what: 'the handler' });
    await within(consumer.stop(), { what: 'the consumer to stop' });
    expect(await aborted.promise).toBeInstanceOf(LeaseEndedError);
    expect(await cache.queue().reserveRequest()).toMatchObject({ data: 1, deliveries: 1 });
  });

  it('stops when the cache is closed', async () => {
    open();
    await cache.queueRequest(1);
    const gate = deferred<void>();
    const consumer = consume({ handler: () => gate.promise });
    await until(() => consumer.running === 1, { what: 'the handler' });
    const closed = cache.close();
    gate.resolve();
    await within(closed, { what: 'the cache to close' });
    expect(consumer.running).toBe(0);
    expect(cache.getCounters().acknowledged).toBe(1);
  });

  it.each([
    ['concurrency', { concurrency: 0 }],
    ['leaseSeconds', { leaseSeconds: 0 }],
    ['handler', { handler: 'none' as never }],
    ['speed', { speed: 9 } as never],
  ])('refuses a wrong %s by its name', (field, options) => {
    open();
    const make = (): unknown => cache.queue().createConsumer({ handler: () => {}, ...options });
    expect(make).toThrow(InvalidCallOptionError);
    expect(make).toThrow(expect.objectContaining({ field }));
  });
});
