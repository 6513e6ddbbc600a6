import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisServer, Stopwatch, until } from '@test/support/index.js';
import { nextQueueName, QueuePools, untilWorkers } from './queue-pools.js';
import { starts, WorkerProcesses, whoSays } from './worker-processes.js';

/** A run that is longer than any test. */
const LONG = 600_000;
/** Restarts tasks sooner, for tests that do not measure it; long enough for short pauses of a busy machine. */
const QUICK = { lockDurationMs: 2_000, stalledIntervalMs: 300 };

let redis: RedisServer;
const workers = new WorkerProcesses();
const pools = new QueuePools(() => ({ url: redis.url }));

beforeAll(async () => {
  redis = await RedisServer.start();
});

// Each test has its own queue, so that the tests can run concurrently.
afterAll(async () => {
  await pools.closeAll();
  await workers.endAll();
  await redis.stop();
});

describe('a worker that dies', () => {
  it.concurrent(
    'at the defaults its task runs again on another worker within 10 s, and the waiter receives the result',
    async () => {
      const shared = { connection: { url: redis.url }, queueName: nextQueueName() };
      const two = await Promise.all([workers.start(shared), workers.start(shared)]);
      const { pool } = pools.make({ ...shared, role: 'producer' });
      const prompt = '3000 a long one';
      const run = pool.run({ prompt });
      const victim = await whoSays(/^start/m, two);
      await victim.kill();
      const watch = Stopwatch.start();
      const other = two.find((worker) => worker !== victim)!;
      await other.waitForLine(/^start/);
      expect(watch.stop()).toBeLessThan(10_000);
      expect(await run).toMatchObject({ status: 'completed', completion: `answer of ${other.pid}` });
      expect(starts(prompt, two)).toBe(2);
    },
  );

  it.concurrent(
    'its task is started at most maxAttempts times, then fails, and later tasks run',
    async () => {
      const shared = { connection: { url: redis.url }, queueName: nextQueueName(), ...QUICK, maxAttempts: 2 };
      const { pool } = pools.make({ ...shared, role: 'producer' });
      const poison = pool.run({ prompt: `${LONG} kills its worker` });
      const dead = [];
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const worker = await workers.start({ ...shared, concurrency: 1 });
        await worker.waitForLine(/^start .* kills its worker/);
        await worker.kill();
        dead.push(worker);
      }
      const survivor = await workers.start({ ...shared, concurrency: 1 });
      expect(await poison).toMatchObject({
        status: 'failed',
        error: {
          code: 'ERR_TASK_ABANDONED',
          message: 'every worker that ran the task died: it was started 2 times',
        },
      });
      expect(await pool.run({ prompt: '1 next' })).toMatchObject({ status: 'completed' });
      expect(survivor.stdout).not.toContain('kills its worker');
      await untilWorkers(pool, 1);
    },
  );

  it.concurrent('is no longer counted as alive, and the pool reports degraded', async () => {
    const shared = { connection: { url: redis.url }, queueName: nextQueueName() };
    const worker = await workers.start(shared);
    const { pool } = pools.make({ ...shared, role: 'producer' });
    await untilWorkers(pool, 1);
    expect(await pool.health()).toMatchObject({ status: 'up', warnings: [] });
    await worker.kill();
    await untilWorkers(pool, 0);
    await pool.submit({ prompt: '1 waits' });
    await until(async () => ((await pool.health()).oldestWaitMs ?? 0) > 0, {
      what: 'the wait to be reported',
    });
    expect(await pool.health()).toMatchObject({
      status: 'degraded',
      workers: 0,
      backlog: 1,
      warnings: ['No worker is alive: tasks wait.'],
    });
  });
});

describe('a worker that hangs', () => {
  it.concurrent(
    'and has lost its claim stops the task when it wakes, and the new worker keeps it',
    async () => {
      const shared = { connection: { url: redis.url }, queueName: nextQueueName(), ...QUICK };
      const hung = await workers.start(shared);
      const { pool } = pools.make({ ...shared, role: 'producer' });
      const prompt = `${LONG} held by two`;
      const taskId = await pool.submit({ prompt });
      await hung.waitForLine(/^start/);
      hung.signal('SIGSTOP');
      const other = await workers.start(shared);
      await other.waitForLine(/^start/);
      hung.signal('SIGCONT');
      await hung.waitForLine(/^abort .* ERR_TASK_CLAIM_LOST/);
      expect(await pool.getTask(taskId)).toMatchObject({ status: 'running' });
      expect(other.stdout).not.toContain('abort');
    },
  );

  it('stops a task that was cancelled meanwhile when it wakes', async () => {
    const shared = { connection: { url: redis.url }, queueName: nextQueueName(), lockDurationMs: 60_000 };
    const hung = await workers.start(shared);
    const { pool } = pools.make({ ...shared, role: 'producer' });
    const taskId = await pool.submit({ prompt: `${LONG} cancelled` });
    await hung.waitForLine(/^start/);
    hung.signal('SIGSTOP');
    expect(await pool.cancel(taskId)).toBe(true);
    expect(await pool.getResult(taskId)).toMatchObject({ status: 'killed' });
    hung.signal('SIGCONT');
    await hung.waitForLine(/^abort .* ERR_TASK_CANCELLED/);
  });
});

describe('a worker that gets SIGTERM', () => {
  it('lets its tasks end, claims no new one, and exits with 0', async () => {
    const shared = { connection: { url: redis.url }, queueName: nextQueueName() };
    const worker = await workers.start({ ...shared, concurrency: 1 });
    const { pool } = pools.make({ ...shared, role: 'producer' });
    const run = pool.run({ prompt: '1500 current' });
    await worker.waitForLine(/^start/);
    const next = await pool.submit({ prompt: '1 next' });
    worker.signal('SIGTERM');
    expect(await run).toMatchObject({ status: 'completed', completion: `answer of ${worker.pid}` });
    expect(await worker.exited).toEqual({ code: 0, signal: null });
    expect(starts('1 next', [worker])).toBe(0);
    expect(await pool.getTask(next)).toMatchObject({ status: 'pending' });
    await untilWorkers(pool, 0);
  });

  it.concurrent(
    'returns a task that does not end in time, which is not an attempt, and exits with 0',
    async () => {
      const shared = { connection: { url: redis.url }, queueName: nextQueueName(), maxAttempts: 1 };
      const worker = await workers.start({ ...shared, drainTimeoutMs: 200 });
      const { pool } = pools.make({ ...shared, role: 'producer' });
      const prompt = '3000 goes back';
      const run = pool.run({ prompt });
      await worker.waitForLine(/^start/);
      worker.signal('SIGTERM');
      await worker.waitForLine(/^abort .* ERR_POOL_CLOSED/);
      expect(await worker.exited).toEqual({ code: 0, signal: null });
      const successor = await workers.start(shared);
      expect(await run).toMatchObject({ status: 'completed', completion: `answer of ${successor.pid}` });
    },
  );

  it('does not wait for a frozen Redis', async () => {
    const own = await RedisServer.start();
    try {
      const shared = { connection: { url: own.url }, queueName: nextQueueName() };
      const worker = await workers.start({ ...shared, drainTimeoutMs: 100 });
      await own.pause();
      worker.signal('SIGTERM');
      expect(await worker.exited).toEqual({ code: 0, signal: null });
    } finally {
      await own.stop();
    }
  });
});
