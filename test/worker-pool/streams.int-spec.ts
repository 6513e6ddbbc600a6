import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisServer, until } from '@test/support/index.js';
import { nextQueueName, QueuePools } from './queue-pools.js';
import {
  commandCalls,
  deduplicationKey,
  digestOf,
  eventKeys,
  plan,
  QUICK,
  reportOf,
  StreamProcesses,
} from './stream-processes.js';

let redis: RedisServer;
const processes = new StreamProcesses();
const pools = new QueuePools(() => ({ url: redis.url }));

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(async () => {
  await pools.closeAll();
  await processes.endAll();
  await redis.stop();
});

const queue = () => ({ connection: { url: redis.url }, queueName: nextQueueName(), ...QUICK });

async function untilNoEventKeys(): Promise<void> {
  await until(async () => (await eventKeys(redis)).length === 0, {
    what: 'the events to leave Redis',
    timeoutMs: 15_000,
  });
}

describe('a stream that several processes read', () => {
  it('yields the same 10,000 events in order, to a process that joins late as well, and leaves no key', async () => {
    const options = queue();
    const worker = await processes.worker(options);
    const prompt = plan({ emit: 5_000 }, { gate: true }, { emit: 5_000 });
    const early = await processes.reader({ options, prompt, deduplicationKey });
    await worker.waitForLine(/^emitted 5000$/);
    const late = await processes.reader({ options, prompt, deduplicationKey });
    await late.waitForLine(/^event 3$/);
    worker.signal('SIGUSR2');
    const expected = {
      events: 10_000,
      digest: digestOf(worker, 10_000),
      end: 'end',
      result: `completed answer of ${worker.pid}`,
    };
    expect(await Promise.all([reportOf(early), reportOf(late)])).toEqual([expected, expected]);
    expect(worker.stdout.match(/^start/gm)).toHaveLength(1);
    await untilNoEventKeys();
  });

  it('does not wait for a slow process, nor for one that leaves', async () => {
    const options = queue();
    const worker = await processes.worker(options);
    const prompt = plan({ gate: true }, { emit: 20 });
    const slow = await processes.reader({ options, prompt, deduplicationKey, slowMs: 200 });
    const leaver = await processes.reader({ options, prompt, deduplicationKey, leaveAfter: 2 });
    const quick = await processes.reader({ options, prompt, deduplicationKey });
    worker.signal('SIGUSR2');
    const whole = { events: 20, digest: digestOf(worker, 20), end: 'end' };
    expect(await reportOf(quick)).toMatchObject(whole);
    expect(slow.stdout).not.toContain('\nend');
    expect(await reportOf(leaver)).toMatchObject({ events: 2, end: 'left' });
    expect(await reportOf(slow)).toMatchObject(whole);
  });

  it('is cancelled when the last process has left', async () => {
    const options = queue();
    const worker = await processes.worker(options);
    const prompt = plan({ gate: true }, { emit: 3 }, { hang: true });
    const readers = await Promise.all(
      [1, 2].map(() => processes.reader({ options, prompt, deduplicationKey, leaveAfter: 2 })),
    );
    worker.signal('SIGUSR2');
    await worker.waitForLine(/^abort ERR_TASK_CANCELLED$/);
    const left = { events: 2, digest: digestOf(worker, 2), end: 'left', result: 'killed null' };
    expect(await Promise.all(readers.map(reportOf))).toEqual([left, left]);
    await untilNoEventKeys();
  });
});

describe('the cost of streams in Redis', () => {
  it('is at most one write, and one read for each process, in 10 ms', async () => {
    const options = queue();
    const worker = await processes.worker(options);
    await redis.client().config('RESETSTAT');
    const startedAt = performance.now();
    const prompt = plan({ emit: 300, everyMs: 1 });
    const reader = await processes.reader({ options, prompt });
    expect(await reportOf(reader)).toMatchObject({ events: 300, digest: digestOf(worker, 300) });
    const intervals = (performance.now() - startedAt) / 10;
    const calls = await commandCalls(redis);
    const writes = calls('append');
    // Each write and each read executes STRLEN once.
    const reads = calls('strlen') - writes;
    expect(writes).toBeGreaterThan(3);
    expect(writes).toBeLessThanOrEqual(intervals + 1);
    expect(reads).toBeLessThanOrEqual(intervals + 1);
    // Fewer than one for each event, however slow the machine.
    expect(writes).toBeLessThan(290);
  });

  it('is nothing for run and submit', async () => {
    const options = queue();
    await processes.worker(options);
    const { pool } = pools.make({ ...options, role: 'producer' });
    await pool.health();
    await redis.client().config('RESETSTAT');
    const prompt = plan({ emit: 10 });
    const taskId = await pool.submit({ prompt });
    expect(await pool.run({ prompt })).toMatchObject({ status: 'completed' });
    expect(await pool.getResult(taskId)).toMatchObject({ status: 'completed' });
    const calls = await commandCalls(redis);
    expect(['append', 'strlen', 'subscribe', 'publish'].map(calls)).toEqual([0, 0, 0, 0]);
    expect(await eventKeys(redis)).toEqual([]);
  });
});
