import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ConsumerSlots,
  InvalidCallOptionError,
  type RedisCacheService,
  type RequestConsumer,
  type RequestConsumerOptions,
  TryLaterError,
} from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { deferred } from '@test/fixtures/redis-cache/deferred.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until } from '@test/support/index.js';

const untilAllFree = (slots: ConsumerSlots): Promise<unknown> =>
  until(() => slots.free === slots.count, { what: 'all slots to be free' });

describe.each(['memory', 'redis'] as const)('consumers that share slots, on %s', (backend) => {
  const caches = new Caches();
  let server: RedisServer;
  let cache: RedisCacheService;

  beforeAll(async () => {
    LogCapture.start();
    server = await RedisServer.start();
  });

  afterEach(() => caches.closeAll());

  afterAll(() => server.stop());

  const open = (): void => {
    const where = backend === 'memory' ? { backend } : { connection: { url: server.url } };
    cache = caches.create({ ...where, keyPrefix: freshPrefix(), commandTimeoutMs: 5_000 });
  };

  const fill = async (queue: string, count: number): Promise<void> => {
    const requests = Array.from({ length: count }, (_, index) => `${queue}${index}`);
    await cache.queue(queue).queueRequests(requests);
  };

  const consume = (queue: string, options: RequestConsumerOptions<string>): RequestConsumer<string> => {
    const consumer = cache.queue(queue).createConsumer<string>(options);
    consumer.start();
    return consumer;
  };

  it('take them in turn: a long queue gets no more slots than short ones', async () => {
    open();
    const handled: string[] = [];
    const slots = new ConsumerSlots(1);
    for (const [queue, count] of [
      ['a', 6],
      ['b', 2],
      ['c', 1],
    ] as const)
      await fill(queue, count);
    const handler = ({ data }: { data: string }): void => void handled.push(data);
    for (const queue of ['a', 'b', 'c']) consume(queue, { handler, concurrency: 5, slots });
    await until(() => handled.length === 9, { what: 'all to be handled' });
    expect(handled).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2', 'a3', 'a4', 'a5']);
    await untilAllFree(slots);
  });

  it('handle one request per slot; a queue that alone has work gets all slots', async () => {
    open();
    const gate = deferred<void>();
    const slots = new ConsumerSlots(3);
    await fill('a', 9);
    const options = { handler: () => gate.promise, concurrency: 3, slots };
    const consumers = ['a', 'b', 'c'].map((queue) => consume(queue, options));
    const running = (): number[] => consumers.map((consumer) => consumer.running);
    await until(() => consumers[0]!.running === 3, { what: 'three handlers' });
    await fill('b', 4);
    await fill('c', 4);
    expect(running()).toEqual([3, 0, 0]);
    expect(await cache.queue('b').getQueueStats()).toMatchObject({ waiting: 4, reserved: 0 });
    gate.resolve();
    await untilAllFree(slots);
    const left = ['a', 'b', 'c'].map((queue) => cache.queue(queue).getQueueLength());
    expect(await Promise.all(left)).toEqual([0, 0, 0]);
  });

  it('skip a consumer that pauses', async () => {
    open();
    const handled: string[] = [];
    const slots = new ConsumerSlots(1);
    await fill('a', 2);
    await fill('b', 2);
    consume('a', { handler: () => Promise.reject(new TryLaterError(60_000)), slots });
    consume('b', { handler: ({ data }) => void handled.push(data), slots });
    await until(() => handled.length === 2, { what: 'the other queue to be handled' });
    await untilAllFree(slots);
    expect(await cache.queue('a').getQueueLength()).toBe(2);
  });

  it('release their slots when they stop, and are skipped from then on', async () => {
    open();
    const gate = deferred<void>();
    const slots = new ConsumerSlots(2);
    await fill('a', 3);
    await fill('b', 1);
    const handled: string[] = [];
    const first = consume('a', { handler: () => gate.promise, prefetch: 1, slots });
    await until(() => slots.free === 0, { what: 'one handled and one prefetched request' });
    const second = consume('a', { handler: () => gate.promise, slots });
    consume('b', { handler: ({ data }) => void handled.push(data), slots });
    await second.stop();
    const stopped = first.stop();
    await until(() => handled.length === 1, { what: 'the released slot to be used' });
    gate.resolve();
    await stopped;
    await untilAllFree(slots);
    expect(await cache.queue('a').getQueueStats()).toMatchObject({ waiting: 2, reserved: 0 });
  });

  it('throw for a number of slots that is not a positive whole number', () => {
    open();
    for (const count of [0, -1, 1.5, 10_001, Number.NaN, '2' as unknown as number])
      expect(() => new ConsumerSlots(count)).toThrow(InvalidCallOptionError);
    const slots = { count: 1 } as unknown as ConsumerSlots;
    expect(() => cache.queue().createConsumer({ handler: () => {}, slots })).toThrow(/^slots/);
  });
});
