import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ManagedProcess, RedisServer, until } from '@test/support/index.js';
import { eventsAndFailure, eventsOf, iterate, take } from './contract/stream-readers.js';
import { nextQueueName, QueuePools } from './queue-pools.js';
import {
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

const textOf = (event: unknown): string => (event as { delta: { text: string } }).delta.text;

/** The worker process that emitted each of the events, without repetitions. */
const emittersOf = (events: unknown[]): string[] => [
  ...new Set(events.map((event) => textOf(event).split(':')[0] ?? '')),
];

async function takeOver(victim: ManagedProcess, options: object): Promise<ManagedProcess> {
  await victim.kill();
  const successor = await processes.worker(options);
  await successor.waitForLine(/^start/);
  return successor;
}

/** Resolves when a worker that woke up has emitted events, and Redis has executed all of its commands. */
async function wroteItsLast(worker: ManagedProcess): Promise<void> {
  await worker.waitForLine(/^emitted 20$/);
  worker.signal('SIGTERM');
  await worker.exited;
}

describe('a worker that dies while its task is streamed', () => {
  it('before the first event: every reader follows the next run', async () => {
    const options = queue();
    const victim = await processes.worker(options);
    const prompt = plan({ gate: true }, { emit: 50, everyMs: 5 });
    const reader = await processes.reader({ options, prompt, deduplicationKey });
    const { pool } = pools.make({ ...options, role: 'producer' });
    const stream = await pool.stream({ prompt }, { deduplicationKey });
    const reading = eventsOf(stream);
    await victim.waitForLine(/^start streamed/);
    const successor = await takeOver(victim, options);
    successor.signal('SIGUSR2');
    const completed = `completed answer of ${successor.pid}`;
    expect(await reportOf(reader)).toEqual({
      events: 50,
      digest: digestOf(successor, 50),
      end: 'end',
      result: completed,
    });
    expect(emittersOf(await reading)).toEqual([String(successor.pid)]);
  });

  it('after it: readers end with an error, those that have seen none read the next run', async () => {
    const options = queue();
    const victim = await processes.worker(options);
    const prompt = plan({ emit: 5 }, { gate: true }, { emit: 5 });
    const reader = await processes.reader({ options, prompt, deduplicationKey });
    const { pool } = pools.make({ ...options, role: 'producer' });
    const stream = await pool.stream({ prompt }, { deduplicationKey });
    const [first, waiting] = [iterate(stream), iterate(stream)];
    const seen = await take(first, 5);
    const next = first.next();
    const failure = next.catch((error: unknown) => error);
    await reader.waitForLine(/^event 3/);
    const successor = await takeOver(victim, options);
    expect(await failure).toMatchObject({ code: 'ERR_TASK_STREAM_INTERRUPTED', taskId: stream.taskId });
    expect(await first.next()).toEqual({ done: true, value: undefined });
    expect(emittersOf(seen)).toEqual([String(victim.pid)]);
    successor.signal('SIGUSR2');
    expect(await reportOf(reader)).toEqual({
      events: 5,
      digest: digestOf(victim, 5),
      end: 'error ERR_TASK_STREAM_INTERRUPTED',
      result: `completed answer of ${successor.pid}`,
    });
    const second = await take(waiting, 10);
    expect(emittersOf(second)).toEqual([String(successor.pid)]);
    expect(await waiting.next()).toEqual({ done: true, value: undefined });
    expect(await eventsOf(stream)).toEqual(second);
    expect(await stream.result()).toMatchObject({ completion: `answer of ${successor.pid}` });
  });

  it('a process that joins after its death reads only the next run', async () => {
    const options = queue();
    const victim = await processes.worker(options);
    const prompt = plan({ emit: 5 }, { gate: true }, { emit: 5 });
    const early = await processes.reader({ options, prompt, deduplicationKey });
    await early.waitForLine(/^event 3/);
    await victim.kill();
    const lock = `{worker-pool}:${options.queueName}:*:lock`;
    await until(async () => (await redis.client().keys(lock)).length === 0, { what: 'the claim to end' });
    const late = await processes.reader({ options, prompt, deduplicationKey });
    const successor = await processes.worker(options);
    await successor.waitForLine(/^emitted 5$/);
    successor.signal('SIGUSR2');
    expect(await reportOf(late)).toMatchObject({ events: 10, digest: digestOf(successor, 10), end: 'end' });
    expect(await reportOf(early)).toMatchObject({ end: 'error ERR_TASK_STREAM_INTERRUPTED' });
  });

  it('for the last time: the iteration ends, and the result says so', async () => {
    const options = { ...queue(), maxAttempts: 1 };
    const victim = await processes.worker(options);
    const { pool } = pools.make({ ...options, role: 'producer' });
    const stream = await pool.stream({ prompt: plan({ emit: 2 }, { hang: true }) });
    const reading = eventsAndFailure(stream);
    await take(iterate(stream), 2);
    await victim.kill();
    await processes.worker(options);
    const { events, failure } = await reading;
    expect([events.length, failure]).toEqual([2, 'none']);
    expect(await stream.result()).toMatchObject({ status: 'failed', error: { code: 'ERR_TASK_ABANDONED' } });
    await until(async () => (await eventKeys(redis)).length === 0, {
      what: 'the events to leave Redis',
      timeoutMs: 15_000,
    });
  });
});

describe('a worker that is frozen past its lock', () => {
  it('appends nothing when it wakes, although its executor goes on', async () => {
    const options = { ...queue(), drainTimeoutMs: 500 };
    const frozen = await processes.worker(options);
    const prompt = plan({ deaf: true }, { emit: 20 }, { deaf: true }, { emit: 20 });
    const reader = await processes.reader({ options, prompt, deduplicationKey });
    await frozen.waitForLine(/^start/);
    frozen.signal('SIGSTOP');
    const successor = await processes.worker(options);
    await successor.waitForLine(/^start/);
    frozen.signal('SIGUSR2');
    frozen.signal('SIGCONT');
    await wroteItsLast(frozen);
    expect(await redis.client().keys(`*:${options.queueName}:*:pool:events`)).toEqual([]);
    successor.signal('SIGUSR2');
    await successor.waitForLine(/^emitted 20$/);
    successor.signal('SIGUSR2');
    expect(await reportOf(reader)).toEqual({
      events: 40,
      digest: digestOf(successor, 40),
      end: 'end',
      result: `completed answer of ${successor.pid}`,
    });
  });

  it('in the middle of its events: readers that have seen some end with an error', async () => {
    const options = { ...queue(), drainTimeoutMs: 500 };
    const frozen = await processes.worker(options);
    const prompt = plan({ emit: 10 }, { deaf: true }, { emit: 10 }, { deaf: true });
    const early = await processes.reader({ options, prompt, deduplicationKey });
    await early.waitForLine(/^event 3/);
    frozen.signal('SIGSTOP');
    const successor = await processes.worker(options);
    await successor.waitForLine(/^start/);
    frozen.signal('SIGUSR2');
    frozen.signal('SIGCONT');
    await wroteItsLast(frozen);
    const [log = ''] = await redis.client().keys(`*:${options.queueName}:*:pool:events`);
    expect(await redis.client().get(log)).toContain(`${successor.pid}:9 `);
    expect(await redis.client().get(log)).not.toContain(`${frozen.pid}:`);
    const late = await processes.reader({ options, prompt, deduplicationKey });
    successor.signal('SIGUSR2');
    await successor.waitForLine(/^emitted 20$/);
    successor.signal('SIGUSR2');
    expect(await reportOf(early)).toMatchObject({
      digest: digestOf(frozen, 10),
      end: 'error ERR_TASK_STREAM_INTERRUPTED',
    });
    expect(await reportOf(late)).toMatchObject({ digest: digestOf(successor, 20), end: 'end' });
  });
});
