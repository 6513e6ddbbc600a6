import { afterEach, describe, expect, it } from '@jest/globals';
import { RedisCluster, RedisSentinels, until } from '@test/support/index.js';
import { deltas, iterate } from './contract/stream-readers.js';
import type { OpenPool } from './contract/subject.js';
import { QueuePools } from './queue-pools.js';

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function streamThrough({ pool, executor }: OpenPool, index: number): Promise<void> {
  const stream = await pool.stream({ prompt: 'streamed' });
  const { context, complete } = await executor.call(index);
  const iterator = iterate(stream);
  for (const event of deltas(3)) {
    context.emit?.(event);
    expect(await iterator.next()).toEqual({ done: false, value: event });
  }
  complete();
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
  expect(await stream.result()).toMatchObject({ status: 'completed' });
}

/** One task of each outcome: completed, joined, refused, streamed, cancelled while pending and while running. */
async function liveThrough({ pool, executor }: OpenPool): Promise<void> {
  const first = await pool.submit({ prompt: 'first' }, { deduplicationKey: 'same', context: { a: 1 } });
  const call = await executor.call(0);
  expect(call.context.context).toEqual({ a: 1 });
  expect(await pool.submit({ prompt: 'first' }, { deduplicationKey: 'same' })).toBe(first);
  const second = await pool.submit({ prompt: 'second' }, { priority: 3 });
  await expect(pool.submit({ prompt: 'third' })).rejects.toMatchObject({ code: 'ERR_POOL_SATURATED' });
  expect(await pool.cancel(second)).toBe(true);
  expect(await pool.cancel(first)).toBe(true);
  await until(() => call.context.signal.aborted, { what: 'the running task to be stopped' });
  const run = pool.run({ prompt: 'last' });
  (await executor.call(1)).complete({ completion: 'done' });
  expect(await run).toMatchObject({ status: 'completed', completion: 'done' });
  await streamThrough({ pool, executor }, 2);
  expect(await pool.stats()).toMatchObject({ pending: 0, killed: 2, rejected: 1 });
}

describe('the pool', () => {
  it('works on a cluster of three masters', async () => {
    const cluster = await RedisCluster.start({ masters: 3 });
    ends.push(() => cluster.stop());
    const pools = new QueuePools(() => ({ clusterNodes: cluster.addresses }));
    ends.push(pools.closeAll);
    await liveThrough(await pools.open({ concurrency: 1, maxBacklog: 1 }));
  });

  it('works behind Sentinels, and continues after a fail-over', async () => {
    const setUp = await RedisSentinels.start();
    ends.push(() => setUp.stop());
    const { sentinels, masterName: sentinelName } = setUp;
    const pools = new QueuePools(() => ({ sentinels, sentinelName }));
    ends.push(pools.closeAll);
    const opened = await pools.open({ concurrency: 1, maxBacklog: 1 });
    await liveThrough(opened);
    const failover = setUp.awaitFailover();
    await setUp.master.kill();
    await failover;
    const { pool, executor } = opened;
    await until(async () => (await pool.health()).workers === 1, {
      what: 'the worker to be seen at the new master',
      timeoutMs: 20_000,
    });
    const last = pool.run({ prompt: 'the last' });
    const call = await until(() => executor.calls.find(({ request }) => request.prompt === 'the last'), {
      what: 'the task to start',
      timeoutMs: 20_000,
    });
    call.complete();
    expect(await last).toMatchObject({ status: 'completed' });
  });
});
