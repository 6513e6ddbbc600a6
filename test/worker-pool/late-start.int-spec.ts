import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { loadWorkerPool, type WorkerPool } from 'nestjs-worker-pool';
import { ControlledExecutor } from '@worker-pool/core/local/spec-support/controlled-executor.js';
import { RedisServer, until } from '@test/support/index.js';
import { nextQueueName, QueuePools } from './queue-pools.js';

let redis: RedisServer;
let observer: ReturnType<RedisServer['client']>;
let pools: QueuePools;
let pool: WorkerPool | undefined;

beforeAll(async () => {
  redis = await RedisServer.start();
  observer = redis.client();
  pools = new QueuePools(() => ({ url: redis.url }));
});

afterEach(async () => {
  await pool?.close();
  await pools.closeAll();
});

afterAll(() => redis.stop());

async function openLater(executor: ControlledExecutor, queueName = nextQueueName()): Promise<WorkerPool> {
  const options = { driver: 'bullmq', executor, connection: { url: redis.url }, queueName } as const;
  pool = await loadWorkerPool({ ...options, drainTimeoutMs: 0 }, { startsLater: true });
  return pool;
}

/** Connections of others than this suite's own client. */
async function connections(): Promise<number> {
  const list = String(await observer.client('LIST'));
  return list.trim().split('\n').length - 1;
}

const untilConnections = (count: number): Promise<unknown> =>
  until(async () => (await connections()) === count, { what: `${count} connections` });

async function runOne(used: WorkerPool, executor: ControlledExecutor): Promise<string> {
  const result = used.run({ prompt: 'a prompt' });
  const call = await executor.call(executor.calls.length);
  call.complete();
  return (await result).status;
}

/** Resolves after more time than an unused engine is kept. */
async function pass(): Promise<void> {
  const end = performance.now() + 2_500;
  await until(() => performance.now() > end, { what: 'two checks' });
}

describe('a pool over BullMQ that starts later', () => {
  it('has no connection without a use, and opens them again for a later one', async () => {
    const executor = new ControlledExecutor();
    const late = await openLater(executor);
    await untilConnections(0);
    expect(await runOne(late, executor)).toBe('completed');
    await untilConnections(0);
    expect(await runOne(late, executor)).toBe('completed');
    late.start();
    expect(await runOne(late, executor)).toBe('completed');
  });

  it('keeps its connections while a call waits, and once it has started', async () => {
    const executor = new ControlledExecutor();
    const late = await openLater(executor);
    const waiting = late.run({ prompt: 'long' });
    const call = await executor.call(0);
    await pass();
    call.complete();
    expect((await waiting).status).toBe('completed');
    late.start();
    await pass();
    expect(await connections()).toBeGreaterThan(0);
    expect(executor.calls).toHaveLength(1);
  });

  it('finishes a submitted task before it closes its connections', async () => {
    const executor = new ControlledExecutor();
    const late = await openLater(executor);
    await late.submit({ prompt: 'submitted' });
    const call = await executor.call(0);
    await pass();
    expect(call.context.signal.aborted).toBe(false);
    call.complete();
    await untilConnections(0);
    expect(executor.calls).toHaveLength(1);
  });

  it('returns the task to the queue when it closes meanwhile', async () => {
    const executor = new ControlledExecutor();
    const queueName = nextQueueName();
    const late = await openLater(executor, queueName);
    const taskId = await late.submit({ prompt: 'submitted' });
    await executor.call(0);
    await pass();
    await late.close();
    const other = pools.make({ queueName });
    (await other.executor.call(0)).complete();
    expect((await other.pool.getResult(taskId)).status).toBe('completed');
  });
});
