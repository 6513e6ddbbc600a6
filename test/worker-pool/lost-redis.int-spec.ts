import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort, RedisServer, until } from '@test/support/index.js';
import { codeOf } from './contract/subject.js';
import { nextQueueName, QueuePools, untilWorkers } from './queue-pools.js';

const DEADLINE_MS = 1_000;
/** How much longer than its deadline a call may take on a busy machine. */
const SLACK_MS = 5_000;

let redis: RedisServer;
const pools = new QueuePools(() => ({ url: redis.url }));

beforeEach(async () => {
  redis = await RedisServer.start({ appendonly: true, extraArgs: ['--appendfsync', 'always'] });
});

afterEach(async () => {
  await pools.closeAll();
  await redis.stop();
});

async function inTime(call: Promise<unknown>): Promise<unknown> {
  const startedAt = performance.now();
  const code = await codeOf(call);
  expect(performance.now() - startedAt).toBeLessThan(DEADLINE_MS + SLACK_MS);
  return code;
}

const fill = (): Promise<unknown> => redis.client().config('SET', 'maxmemory', '1');

describe('while the queue is unavailable', () => {
  it.each([
    ['frozen', () => redis.pause(), () => redis.resume()],
    ['gone', () => redis.kill(), () => redis.restart()],
  ])(
    'because its Redis is %s, submissions fail within a deadline, and succeed when it is back',
    async (_how, lose, regain) => {
      const { pool, executor } = await pools.open({ commandTimeoutMs: DEADLINE_MS });
      await lose();
      expect(await inTime(pool.submit({ prompt: 'first' }))).toBe('ERR_POOL_UNAVAILABLE');
      expect(await inTime(pool.run({ prompt: 'second' }))).toBe('ERR_POOL_UNAVAILABLE');
      expect(await inTime(pool.getTask('any'))).toBe('ERR_POOL_UNAVAILABLE');
      expect(await pool.health()).toMatchObject({ status: 'down', warnings: ['The queue is unavailable.'] });
      await regain();
      await untilWorkers(pool, 1);
      const run = pool.run({ prompt: 'third' });
      const call = await until(() => executor.calls.find(({ request }) => request.prompt === 'third'), {
        what: 'the task to start',
      });
      call.complete();
      expect(await run).toMatchObject({ status: 'completed' });
      // A resumed server executes the commands that it received while it was frozen; their callers have got an error.
      for (const { request, context } of executor.calls) {
        if (request.prompt === 'third') continue;
        await until(() => context.signal.aborted, { what: 'tasks without a waiter to be stopped' });
      }
    },
  );

  it('a pool starts without it, and works as soon as it is available', async () => {
    const port = await freePort();
    const connection = { host: '127.0.0.1', port };
    const { pool, executor } = pools.make({ connection, commandTimeoutMs: DEADLINE_MS });
    expect(await inTime(pool.submit({ prompt: 'early' }))).toBe('ERR_POOL_UNAVAILABLE');
    const late = await RedisServer.start({ port });
    try {
      await untilWorkers(pool, 1);
      const run = pool.run({ prompt: 'now' });
      (await executor.call(0)).complete();
      expect(await run).toMatchObject({ status: 'completed' });
    } finally {
      await pools.closeAll();
      await late.stop();
    }
  });

  it('the fallback executes run in this process, and submit fails', async () => {
    const { pool, executor } = await pools.open({ commandTimeoutMs: DEADLINE_MS, fallback: 'local' });
    await redis.kill();
    const run = pool.run({ prompt: 'wanted now' });
    const call = await executor.call(0);
    expect(await pool.getTask(call.context.taskId)).toMatchObject({ status: 'running' });
    call.complete({ completion: 'done here' });
    expect(await run).toMatchObject({ status: 'completed', completion: 'done here' });
    expect(await inTime(pool.submit({ prompt: 'for later' }))).toBe('ERR_POOL_UNAVAILABLE');
    expect(await pool.health()).toMatchObject({
      status: 'degraded',
      workers: null,
      warnings: ['The queue is unavailable. This process executes requests itself.'],
    });
    expect(await pool.stats()).toMatchObject({ completed: 1 });
  });

  it('waiters tolerate the outage for outageToleranceMs, then receive an error', async () => {
    const { pool, executor } = await pools.open({ commandTimeoutMs: DEADLINE_MS, outageToleranceMs: 100 });
    const run = codeOf(pool.run({ prompt: 'waits' }));
    await executor.call(0);
    await redis.kill();
    expect(await run).toBe('ERR_POOL_UNAVAILABLE');
  });
});

describe('getResult during an outage', () => {
  it('waits for the task, and receives its result when Redis is back', async () => {
    const { pool, executor } = await pools.open({ commandTimeoutMs: 100 });
    const taskId = await pool.submit({ prompt: 'long' });
    const call = await executor.call(0);
    await redis.kill();
    await until(async () => (await pool.health()).status === 'down', { what: 'the pool to notice' });
    const known = pool.getResult(taskId);
    const unknown = codeOf(pool.getResult('never-submitted'));
    expect(await codeOf(pool.getResult(taskId, { timeoutMs: 50 }))).toBe('ERR_RESULT_TIMEOUT');
    await redis.restart();
    call.complete({ completion: 'done' });
    expect(await known).toMatchObject({ status: 'completed', completion: 'done' });
    expect(await unknown).toBe('ERR_TASK_NOT_FOUND');
  });

  it('fails after outageToleranceMs', async () => {
    const { pool } = await pools.open({ commandTimeoutMs: 100, outageToleranceMs: 200 });
    await redis.kill();
    expect(await codeOf(pool.getResult('any'))).toBe('ERR_POOL_UNAVAILABLE');
  });
});

describe('when the queue comes back', () => {
  it('with its data, waiters receive their results, and pending tasks run once', async () => {
    const { pool, executor } = await pools.open({ concurrency: 1 });
    const runs = [pool.run({ prompt: 'runs' }), pool.run({ prompt: 'waits' })];
    const call = await executor.call(0);
    await until(async () => (await pool.stats()).pending === 1, { what: 'the second task to wait' });
    await redis.kill();
    call.complete({ completion: 'done meanwhile' });
    await redis.restart();
    (await executor.call(1)).complete({ completion: 'done after' });
    const results = await Promise.all(runs);
    expect(results.map(({ completion }) => completion)).toEqual(['done meanwhile', 'done after']);
    expect(executor.prompts).toEqual(['runs', 'waits']);
  });

  it('without its data, waiters receive ERR_TASK_LOST, and the workers continue', async () => {
    const { pool, executor } = await pools.open({ concurrency: 1, globalConcurrency: 3 });
    const running = pool.run({ prompt: 'runs' });
    const { context } = await executor.call(0);
    const waiting = await pool.submit({ prompt: 'waits' });
    const ends = [running, pool.getResult(waiting), pool.run({ prompt: 'waits too' })].map(codeOf);
    const watch = codeOf(drain(pool.watchTask(waiting)));
    await until(async () => (await pool.stats()).pending === 2, { what: 'the tasks to be there' });
    // Earlier commands have been executed: all tasks are waiting.
    for (let round = 0; round < 10; round += 1) await pool.getTask(waiting);
    await redis.kill();
    await redis.restart({ appendonly: false });
    expect(await Promise.all([...ends, watch])).toEqual(Array.from({ length: 4 }, () => 'ERR_TASK_LOST'));
    await until(() => context.signal.aborted, { what: 'the worker to stop the lost task' });
    expect(context.signal.reason).toMatchObject({ code: 'ERR_TASK_CLAIM_LOST' });
    await untilWorkers(pool, 1);
    const run = pool.run({ prompt: 'again' });
    (await executor.call(1)).complete();
    expect(await run).toMatchObject({ status: 'completed' });
  });
});

describe('a Redis that is out of memory', () => {
  it('is named by the health, and refuses at once, until it accepts writes again', async () => {
    const { pool, executor } = await pools.open({ commandTimeoutMs: 60_000 });
    await fill();
    expect(await inTime(pool.submit({ prompt: 'a' }))).toBe('ERR_POOL_UNAVAILABLE');
    expect(await inTime(pool.run({ prompt: 'b' }))).toBe('ERR_POOL_UNAVAILABLE');
    const warnings = ["The queue's Redis refuses writes: it is out of memory (maxmemory)."];
    expect(await pool.health()).toMatchObject({ status: 'down', warnings });
    await redis.client().config('SET', 'maxmemory', '0');
    await untilWorkers(pool, 1);
    expect(await pool.health()).toMatchObject({ status: 'up', warnings: [] });
    const run = pool.run({ prompt: 'c' });
    (await executor.call(0)).complete();
    expect(await run).toMatchObject({ status: 'completed' });
  });

  it('lets the fallback begin at once', async () => {
    const { pool, executor } = await pools.open({ commandTimeoutMs: 60_000, fallback: 'local' });
    await fill();
    const run = pool.run({ prompt: 'a' });
    (await executor.call(0)).complete({ completion: 'done here' });
    expect(await run).toMatchObject({ completion: 'done here' });
    expect((await pool.health()).warnings).toEqual([
      "The queue's Redis refuses writes: it is out of memory (maxmemory). This process executes requests itself.",
    ]);
  });
});

describe('the health of the pool', () => {
  it('warns of a Redis that may evict tasks', async () => {
    const { pool } = await pools.open({ queueName: nextQueueName() });
    expect(await pool.health()).toMatchObject({ status: 'up', workers: 1, backlog: 0, warnings: [] });
    await redis.client().config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect((await pool.health()).warnings).toEqual([
      "The queue's Redis may evict tasks: its maxmemory-policy is allkeys-lru, but a queue needs noeviction.",
    ]);
  });
});

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  while (!(await iterator.next()).done);
}
