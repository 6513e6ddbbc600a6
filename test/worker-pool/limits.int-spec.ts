import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ControlledExecutor } from '@worker-pool/core/local/spec-support/controlled-executor.js';
import { RedisServer, until } from '@test/support/index.js';
import { nextQueueName, QueuePools, untilWorkers } from './queue-pools.js';
import { WorkerProcesses } from './worker-processes.js';

let redis: RedisServer;
const workers = new WorkerProcesses();
const pools = new QueuePools(() => ({ url: redis.url }));

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterEach(async () => {
  await pools.closeAll();
  await workers.endAll();
});

afterAll(() => redis.stop());

const untilCalls = (executor: ControlledExecutor, count: number): Promise<unknown> =>
  until(() => executor.calls.length >= count, { what: `${count} tasks to start` });

describe('a rate limit', () => {
  it('limits the starts within the window in all workers together', async () => {
    const shared = { queueName: nextQueueName(), rateLimit: { max: 3, durationMs: 600_000 } };
    const executor = new ControlledExecutor();
    const [{ pool }] = [pools.make(shared, executor), pools.make(shared, executor)];
    await untilWorkers(pool, 2);
    await Promise.all(Array.from({ length: 8 }, () => pool.submit({ prompt: 'limited' })));
    await untilCalls(executor, 3);
    for (const call of executor.calls) call.complete();
    // Workers report once a second: enough time for each to start a task that exceeds the limit.
    await until(async () => (await pool.stats()).completed === 3, { what: 'three to be counted' });
    expect(executor.calls).toHaveLength(3);
    expect(await pool.stats()).toMatchObject({ running: 0, pending: 5 });
  });

  it('lets the next tasks start after the window', async () => {
    const { pool, executor } = await pools.open({ rateLimit: { max: 2, durationMs: 100 } });
    const runs = Array.from({ length: 6 }, () => pool.run({ prompt: 'limited' }));
    for (let index = 0; index < 6; index += 1) (await executor.call(index)).complete();
    for (const { status } of await Promise.all(runs)) expect(status).toBe('completed');
  });
});

describe('a global concurrency', () => {
  it('applies to two worker processes together: a task starts when another has ended', async () => {
    const shared = { connection: { url: redis.url }, queueName: nextQueueName() };
    const options = { ...shared, concurrency: 4, globalConcurrency: 3 };
    const two = await Promise.all([workers.start(options), workers.start(options)]);
    const { pool } = pools.make({ ...shared, role: 'producer' });
    await untilWorkers(pool, 2);
    const prompts = Array.from({ length: 8 }, (_, index) => `600000 number ${index}`);
    const ids = await Promise.all(prompts.map((prompt) => pool.submit({ prompt })));
    const started = (): number =>
      two.map(({ stdout }) => stdout.split('start ').length - 1).reduce((a, b) => a + b);
    for (let ended = 0; ended <= 5; ended += 1) {
      await until(() => started() >= ended + 3, { what: `${ended + 3} tasks to start` });
      expect(await pool.stats()).toMatchObject({ concurrency: 3, pending: 5 - ended });
      expect(started()).toBe(ended + 3);
      await pool.cancel(await until(() => runningOf(pool, ids), { what: 'one that runs' }));
    }
  });
});

async function runningOf(
  pool: ReturnType<typeof pools.make>['pool'],
  ids: string[],
): Promise<string | undefined> {
  const tasks = await Promise.all(ids.map((id) => pool.getTask(id)));
  return tasks.find((task) => task?.status === 'running')?.taskId;
}

describe('size limits', () => {
  const maxBytes = 2_000;

  it('a request above the limit in bytes is refused before it is queued', async () => {
    const { pool, executor } = await pools.open({ maxRequestBytes: maxBytes });
    const refusal = { code: 'ERR_REQUEST_TOO_LARGE', message: expect.stringContaining('2000') };
    for (const prompt of ['x'.repeat(2_000), 'é'.repeat(1_000)]) {
      await expect(pool.submit({ prompt })).rejects.toMatchObject(refusal);
      await expect(pool.run({ prompt })).rejects.toMatchObject(refusal);
    }
    expect(await pool.stats()).toMatchObject({ running: 0, pending: 0 });
    const run = pool.run({ prompt: 'é'.repeat(900) });
    (await executor.call(0)).complete();
    expect(await run).toMatchObject({ status: 'completed' });
    expect(executor.calls).toHaveLength(1);
  });

  it('a result above the limit ends its task as failed', async () => {
    const { pool, executor } = await pools.open({ maxResultBytes: maxBytes });
    const runs = ['é'.repeat(1_000), 'é'.repeat(800)].map(async (completion, index) => {
      const run = pool.run({ prompt: completion });
      (await executor.call(index)).complete({ completion });
      return run;
    });
    const [above, below] = await Promise.all(runs);
    expect(above).toMatchObject({
      status: 'failed',
      completion: null,
      error: { code: 'ERR_RESULT_TOO_LARGE', message: expect.stringContaining('2000') },
    });
    expect(below).toMatchObject({ status: 'completed', completion: 'é'.repeat(800) });
  });
});
