import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RedisServer, until } from '@test/support/index.js';
import { deltas, eventsOf, iterate, take } from './contract/stream-readers.js';
import type { OpenPool } from './contract/subject.js';
import { nextQueueName, QueuePools, untilWorkers } from './queue-pools.js';

let redis: RedisServer;
const pools = new QueuePools(() => ({ url: redis.url }));

beforeEach(async () => {
  redis = await RedisServer.start({ appendonly: true, extraArgs: ['--appendfsync', 'always'] });
});

afterEach(async () => {
  await pools.closeAll();
  await redis.stop();
});

/** Long enough for an outage within a test, so that the worker keeps its claim. */
const PATIENT = { lockDurationMs: 60_000 };

/** A task with a reader that has received the first 20 of its events. */
async function openStream({ pool, executor }: OpenPool, events = deltas(60)) {
  const stream = await pool.stream({ prompt: 'long' });
  const { context, complete } = await executor.call(0);
  const iterator = iterate(stream);
  const emit = (from: number, to: number): void =>
    events.slice(from, to).forEach((event) => context.emit?.(event));
  emit(0, 20);
  const seen = await take(iterator, 20);
  return { stream, events, iterator, seen, emit, complete, context };
}

async function logKey(): Promise<string> {
  const [key] = await redis.client().keys('*:pool:events');
  return key ?? '';
}

describe('while a task is streamed', () => {
  it.each([
    ['restarts', () => redis.kill(), () => redis.restart()],
    ['freezes', () => redis.pause(), () => redis.resume()],
  ])('Redis %s: readers receive every event, once and in order', async (_what, lose, regain) => {
    const opened = await pools.open(PATIENT);
    const { stream, events, iterator, seen, emit, complete } = await openStream(opened);
    await lose();
    emit(20, 40);
    await regain();
    emit(40, 60);
    expect([...seen, ...(await take(iterator, 40))]).toEqual(events);
    complete({ completion: 'whole' });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(await stream.result()).toMatchObject({ completion: 'whole' });
    expect(await eventsOf(stream)).toEqual(events);
  });

  it('a task that ends while Redis is away has all of its events when it is back', async () => {
    const opened = await pools.open(PATIENT);
    const { stream, events, iterator, seen, emit, complete } = await openStream(opened);
    await redis.kill();
    emit(20, 60);
    complete();
    await redis.restart();
    expect([...seen, ...(await take(iterator, 40))]).toEqual(events);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(await stream.result()).toMatchObject({ status: 'completed' });
  });

  it.each([
    ['all', (key: string) => redis.client().del(key)],
    ['the last', async (key: string) => redis.client().set(key, await redis.client().getrange(key, 0, 700))],
  ])('Redis loses %s of its events: the worker writes them again', async (_what, lose) => {
    const queueName = nextQueueName();
    const opened = await pools.open({ ...PATIENT, queueName });
    const other = pools.make({ queueName, role: 'producer' });
    const options = { deduplicationKey: 'one-key' };
    const stream = await opened.pool.stream({ prompt: 'long' }, options);
    const { context, complete } = await opened.executor.call(0);
    const [iterator, events] = [iterate(stream), deltas(60)];
    events.slice(0, 30).forEach((event) => context.emit?.(event));
    const seen = await take(iterator, 30);
    await lose(await logKey());
    const joined = await other.pool.stream({ prompt: 'long' }, options);
    const reading = eventsOf(joined);
    events.slice(30).forEach((event) => context.emit?.(event));
    expect([...seen, ...(await take(iterator, 30))]).toEqual(events);
    complete();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(await reading).toEqual(events);
  });

  it('Redis comes back without its data: iteration and result end with ERR_TASK_LOST', async () => {
    const opened = await pools.open();
    const { stream, iterator } = await openStream(opened);
    const result = stream.result().catch((error: unknown) => error);
    const next = iterator.next().catch((error: unknown) => error);
    await redis.kill();
    await redis.restart({ appendonly: false });
    expect(await result).toMatchObject({ code: 'ERR_TASK_LOST' });
    expect(await next).toMatchObject({ code: 'ERR_TASK_LOST' });
    await untilWorkers(opened.pool, 1);
  });

  it('Redis is away for longer than outageToleranceMs: both end with ERR_POOL_UNAVAILABLE', async () => {
    const opened = await pools.open({ outageToleranceMs: 100 });
    const { stream, iterator } = await openStream(opened);
    const result = stream.result().catch((error: unknown) => error);
    const next = iterator.next().catch((error: unknown) => error);
    await redis.kill();
    expect(await result).toMatchObject({ code: 'ERR_POOL_UNAVAILABLE' });
    expect(await next).toMatchObject({ code: 'ERR_POOL_UNAVAILABLE' });
  });
});

describe('a pool that closes while a task is streamed', () => {
  it('ends iteration and result with ERR_POOL_CLOSED', async () => {
    const opened = await pools.open();
    const { stream, iterator } = await openStream(opened);
    const result = stream.result().catch((error: unknown) => error);
    const next = iterator.next().catch((error: unknown) => error);
    await opened.pool.close();
    expect(await result).toMatchObject({ code: 'ERR_POOL_CLOSED' });
    expect(await next).toMatchObject({ code: 'ERR_POOL_CLOSED' });
  });
});

describe('the fallback', () => {
  it('streams in this process while the queue is unavailable', async () => {
    const { pool, executor } = await pools.open({ fallback: 'local', commandTimeoutMs: 500 });
    await redis.kill();
    const opening = pool.stream({ prompt: 'now' });
    const { context, complete } = await executor.call(0);
    const events = deltas(3);
    events.forEach((event) => context.emit?.(event));
    const stream = await opening;
    complete({ completion: 'done here' });
    expect(await eventsOf(stream)).toEqual(events);
    expect(await stream.result()).toMatchObject({ completion: 'done here' });
  });

  it('is not used otherwise: stream rejects as submit does', async () => {
    const { pool } = await pools.open({ commandTimeoutMs: 500 });
    await redis.kill();
    await expect(pool.stream({ prompt: 'now' })).rejects.toMatchObject({ code: 'ERR_POOL_UNAVAILABLE' });
    await until(async () => (await pool.health()).status === 'down', { what: 'the pool to be down' });
  });
});
