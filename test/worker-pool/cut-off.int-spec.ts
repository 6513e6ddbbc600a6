import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CutProxy, type ManagedProcess, RedisServer, Stopwatch, until } from '@test/support/index.js';
import { codeOf } from './contract/subject.js';
import { nextQueueName, QueuePools } from './queue-pools.js';
import { WorkerProcesses } from './worker-processes.js';

const WITHIN_MS = 1_000;
/** A run that is longer than any test. */
const PROMPT = '600000 cancelled';
/** Long enough that no pause of the machine ends the worker's claim. */
const lockDurationMs = 60_000;

let redis: RedisServer;
let proxy: CutProxy;
const workers = new WorkerProcesses();
const pools = new QueuePools(() => ({ url: redis.url }));

beforeAll(async () => {
  redis = await RedisServer.start();
  proxy = await CutProxy.start(redis);
});

afterEach(async () => {
  proxy.restore();
  await pools.closeAll();
  await workers.endAll();
});

afterAll(async () => {
  await proxy.stop();
  await redis.stop();
});

async function runningTask() {
  const queueName = nextQueueName();
  const worker = await workers.start({ connection: proxy.address, queueName, lockDurationMs });
  const { pool } = pools.make({ queueName, role: 'producer' });
  const taskId = await pool.submit({ prompt: PROMPT });
  await worker.waitForLine(/^start/);
  return { worker, pool, taskId };
}

/** The elapsed time, on a clock that pauses while the machine does. */
async function untilAborted(worker: ManagedProcess): Promise<number> {
  const watch = Stopwatch.start();
  await worker.waitForLine(/^abort .* ERR_TASK_CANCELLED/);
  return watch.stop();
}

describe('a task that is cancelled in another process', () => {
  it('is stopped within a second, and its waiters have the result by then', async () => {
    const { worker, pool, taskId } = await runningTask();
    const result = pool.getResult(taskId);
    const watch = Stopwatch.start();
    expect(await pool.cancel(taskId)).toBe(true);
    expect(await result).toMatchObject({ status: 'killed', error: { code: 'ERR_TASK_CANCELLED' } });
    await worker.waitForLine(/^abort .* ERR_TASK_CANCELLED/);
    expect(watch.stop()).toBeLessThan(WITHIN_MS);
  });

  it('while its worker is disconnected, is stopped within a second after the reconnect', async () => {
    const { worker, pool, taskId } = await runningTask();
    proxy.cut();
    expect(await pool.cancel(taskId)).toBe(true);
    expect(await pool.getResult(taskId)).toMatchObject({ status: 'killed' });
    expect(worker.stdout).not.toContain('abort');
    proxy.restore();
    expect(await untilAborted(worker)).toBeLessThan(WITHIN_MS);
    expect(await pool.run({ prompt: '1 next' })).toMatchObject({ completion: `answer of ${worker.pid}` });
  });

  it('while the connection of its worker is silent, is stopped on a new connection', async () => {
    const { worker, pool, taskId } = await runningTask();
    proxy.silence();
    expect(await pool.cancel(taskId)).toBe(true);
    expect(worker.stdout).not.toContain('abort');
    proxy.restore();
    await worker.waitForLine(/^abort .* ERR_TASK_CANCELLED/);
    expect(await pool.run({ prompt: '1 next' })).toMatchObject({ completion: `answer of ${worker.pid}` });
  });
});

describe('one of two waiters of a task', () => {
  it('leaves once, although the reply was lost and the command is repeated', async () => {
    const queueName = nextQueueName();
    const worker = await workers.start({ connection: { url: redis.url }, queueName, lockDurationMs });
    const [stays, leaves] = [new AbortController(), new AbortController()];
    const shared = { queueName, role: 'producer' } as const;
    const deduplicationKey = 'wanted by two';
    const { pool } = pools.make(shared);
    const first = codeOf(pool.run({ prompt: PROMPT }, { deduplicationKey, signal: stays.signal }));
    await worker.waitForLine(/^start/);
    const { pool: other } = pools.make({ ...shared, connection: proxy.address });
    const second = other.run({ prompt: PROMPT }, { deduplicationKey, signal: leaves.signal });
    const taskId = await until(() => joinedTask(queueName), { what: 'the second waiter to join' });
    proxy.loseReplyTo('ERR_TASK_CANCELLED');
    leaves.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    await until(() => proxy.timesSent('ERR_TASK_CANCELLED') === 2, { what: 'the command to be repeated' });
    // Read on the same connection, after the repeated command.
    expect(await other.getTask(taskId)).toMatchObject({ status: 'running' });
    expect(worker.stdout).not.toContain('abort');
    stays.abort(Object.assign(new Error('gone too'), { code: 'GONE' }));
    expect(await first).toBe('GONE');
    await worker.waitForLine(/^abort .* ERR_TASK_CANCELLED/);
  });
});

async function joinedTask(queueName: string): Promise<string | null> {
  const base = `{worker-pool}:${queueName}:`;
  const taskId = await redis.client().get(`${base}de:wanted by two`);
  const count = taskId && (await redis.client().hget(base + taskId, 'pool:waiters'));
  return count === '1' ? taskId : null;
}
