/** Records of the queue that another program, or a pool with other limits, has written: none is an error, none is kept. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { TaskStream, WorkerPool } from 'nestjs-worker-pool';
import { answerOf } from '@worker-pool/core/local/spec-support/controlled-executor.js';
import { RedisServer, until } from '@test/support/index.js';
import { codeOf, type OpenPool } from './contract/subject.js';
import { delta, iterate } from './contract/stream-readers.js';
import { nextQueueName, QueuePools, untilWorkers } from './queue-pools.js';

/** In bytes; the pool reads a little more, because it adds to its records. */
const LIMIT = 10_000;
const HUGE = 'x'.repeat(100_000);
const DEPTH = 2_001;
/** Deeper than `JSON.stringify` can go. */
const BOTTOMLESS = 20_000;
const DAMAGED = { status: 'failed', error: { message: 'the record of the task is damaged' } };
const REQUEST = { prompt: 'x' };

const arrays = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const nested = (depth: number): unknown => JSON.parse(arrays(depth));
const resultOf = (taskId: string, content: string): string =>
  JSON.stringify({ taskId, status: 'completed', ...answerOf(), error: null, content: 'HERE' }).replace(
    '"HERE"',
    content,
  );

const HOSTILE = [
  ['larger than the limit', JSON.stringify(HUGE)],
  ['nested too deeply', arrays(DEPTH)],
  ['nested too deeply to be written', arrays(BOTTOMLESS)],
] as const;

let redis: RedisServer;
let admin: Redis;
let queueName: string;
const pools = new QueuePools(() => ({ url: redis.url }));

beforeAll(async () => {
  redis = await RedisServer.start();
  admin = redis.client();
});

beforeEach(() => {
  queueName = nextQueueName();
});

afterEach(() => pools.closeAll());
afterAll(() => redis.stop());

const make = (role: 'both' | 'producer' | 'worker' = 'both'): OpenPool =>
  pools.make({ queueName, role, maxRequestBytes: LIMIT, maxResultBytes: LIMIT, maxStreamBytes: LIMIT });

async function open(): Promise<OpenPool> {
  const opened = make();
  await untilWorkers(opened.pool, 1);
  return opened;
}

const key = (name: string): string => `{worker-pool}:${queueName}:${name}`;

/** A task that has ended. */
async function completed({ pool, executor }: OpenPool): Promise<string> {
  const taskId = await pool.submit(REQUEST);
  (await executor.call(0)).complete();
  await pool.getResult(taskId);
  return taskId;
}

const announce = (...fields: string[]): Promise<unknown> => admin.xadd(key('events'), '*', ...fields);

/** A task that runs, and the promise of its result. */
async function running({ pool, executor }: OpenPool): Promise<{ taskId: string; result: Promise<unknown> }> {
  const taskId = await pool.submit(REQUEST);
  const result = pool.getResult(taskId);
  await executor.call(0);
  return { taskId, result };
}

/** The data of a task as a producer writes it. */
const task = (more: object): string => JSON.stringify({ request: REQUEST, timeoutMs: 5_000, ...more });

/** A stream whose reader has received an event. */
async function begun(): Promise<{
  stream: TaskStream;
  next: () => Promise<IteratorResult<unknown>>;
  log: string;
}> {
  const { pool, executor } = await open();
  const stream = await pool.stream(REQUEST);
  const { context } = await executor.call(0);
  context.emit!(delta('first'));
  const iterator = iterate(stream);
  expect(await iterator.next()).toMatchObject({ value: delta('first') });
  return { stream, next: () => iterator.next(), log: `${key(stream.taskId)}:pool:events` };
}

const rejected = (pool: WorkerPool, depth: number): Promise<unknown> =>
  codeOf(pool.submit({ ...REQUEST, system: nested(depth) } as never));

describe('a stored result', () => {
  it.each(['returnvalue', 'pool:stop'].flatMap((field) => HOSTILE.map((hostile) => [field, ...hostile])))(
    'in %s that is %s is a damaged record',
    async (field, _what, content) => {
      const opened = await open();
      const taskId = await completed(opened);
      await admin.hset(key(taskId), field, resultOf(taskId, content));
      expect(await opened.pool.getTask(taskId)).toMatchObject({ status: 'failed', result: DAMAGED });
      expect(await opened.pool.getResult(taskId)).toMatchObject(DAMAGED);
    },
  );

  it('is returned at the limit of nesting', async () => {
    const opened = await open();
    const taskId = await completed(opened);
    await admin.hset(key(taskId), 'returnvalue', resultOf(taskId, arrays(DEPTH - 2)));
    expect(await opened.pool.getResult(taskId)).toMatchObject({ status: 'completed' });
  });
});

describe('an event of the queue', () => {
  it.each(HOSTILE)('with a result that is %s settles no waiter', async (_what, content) => {
    const opened = await open();
    const { taskId, result } = await running(opened);
    await announce('event', 'completed', 'jobId', taskId, 'returnvalue', resultOf(taskId, content));
    (await opened.executor.call(0)).complete({ completion: 'the real one' });
    expect(await result).toMatchObject({ status: 'completed', completion: 'the real one' });
  });

  it('that is no JSON does not end the reading of events', async () => {
    const opened = await open();
    const { taskId, result } = await running(opened);
    await announce('event', 'completed', 'jobId', taskId, 'returnvalue', '{');
    // Only an event has this result: the task itself never ends.
    await until(
      async () => {
        await announce('event', 'completed', 'jobId', taskId, 'returnvalue', resultOf(taskId, '[]'));
        return Promise.race([result, new Promise((resolve) => setImmediate(resolve, null))]);
      },
      { what: 'an event to be read', everyMs: 50 },
    );
    expect(await result).toMatchObject({ status: 'completed', content: [] });
  });
});

describe('a stored task', () => {
  it.each([
    ['is null', 'null'],
    ['has no request', task({ request: undefined })],
    ['has no time limit', task({ timeoutMs: undefined })],
    ['has a time limit that no timer can have', task({ timeoutMs: 1e12 })],
    ['is larger than the limit', task({ request: { prompt: HUGE } })],
    ['is nested too deeply', task({}).replace('{', `{"context":${arrays(DEPTH)},`)],
    ['is nested too deeply to be written', task({}).replace('{', `{"context":${arrays(BOTTOMLESS)},`)],
  ])('that %s fails and is not executed', async (_what, data) => {
    const { pool } = make('producer');
    const taskId = await pool.submit(REQUEST);
    await admin.hset(key(taskId), 'data', data);
    const { executor } = make('worker');
    expect(await pool.getResult(taskId)).toMatchObject(DAMAGED);
    expect(executor.calls).toEqual([]);
  });

  it('is executed at the limit of size', async () => {
    const { pool, executor } = await open();
    const prompt = 'x'.repeat(LIMIT - Buffer.byteLength(task({ request: { prompt: '' } })));
    const run = pool.run({ prompt }, { timeoutMs: 5_000 });
    (await executor.call(0)).complete();
    expect(await run).toMatchObject({ status: 'completed' });
    expect(await codeOf(pool.run({ prompt: `${prompt}x` }, { timeoutMs: 5_000 }))).toBe(
      'ERR_REQUEST_TOO_LARGE',
    );
  });
});

describe('a log of events', () => {
  it.each([
    ['an event that is nested too deeply', `{"type":${arrays(DEPTH)}}\n`, 'ERR_TASK_STREAM_INTERRUPTED'],
    ['an event that is nested far too deeply', `{"type":${arrays(4_000)}}\n`, 'ERR_TASK_STREAM_INTERRUPTED'],
    ['something that is no event', '5\n', 'ERR_TASK_STREAM_INTERRUPTED'],
    ['an event beyond the limit', `{"type":"${HUGE}"}\n`, 'ERR_TASK_STREAM_TOO_LARGE'],
    ['a line beyond the limit that does not end', HUGE, 'ERR_TASK_STREAM_TOO_LARGE'],
    ['events beyond the limit', '{"type":"x"}\n'.repeat(LIMIT / 10), 'ERR_TASK_STREAM_TOO_LARGE'],
  ])('with %s ends its readers', async (_what, bytes, code) => {
    const { next, log } = await begun();
    expect(await admin.append(log, bytes)).toBeGreaterThan(bytes.length);
    const readOn = async (): Promise<void> => {
      while (!(await next()).done);
    };
    expect(await codeOf(readOn())).toBe(code);
  });
});

describe('what the pool itself writes', () => {
  it.each([DEPTH, 4_000, BOTTOMLESS])('is no request that is nested %d levels deep', async (depth) => {
    const { pool } = make('producer');
    expect(await rejected(pool, depth)).toBe('ERR_INVALID_REQUEST');
  });

  it.each([DEPTH, BOTTOMLESS])('is no context that is nested %d levels deep', async (depth) => {
    const { pool } = make('producer');
    expect(await codeOf(pool.submit(REQUEST, { context: nested(depth) }))).toBe('ERR_INVALID_REQUEST');
  });

  it.each([DEPTH, 4_000, BOTTOMLESS])('is no result that is nested %d levels deep', async (depth) => {
    const { pool, executor } = await open();
    const run = pool.run(REQUEST);
    (await executor.call(0)).complete({ extra: { deep: nested(depth) } });
    expect(await run).toMatchObject({
      status: 'failed',
      error: { message: 'the completion is no JSON that is nested at most 2000 levels deep' },
    });
  });

  it.each([DEPTH, 4_000, BOTTOMLESS])('is no event that is nested %d levels deep', async (depth) => {
    const { pool, executor } = await open();
    const stream = await pool.stream(REQUEST);
    const { context, complete } = await executor.call(0);
    const event = { type: 'x', deep: nested(depth) };
    expect(() => context.emit!(event)).toThrow('is nested more than 2000 levels deep');
    complete();
    expect(await stream.result()).toMatchObject({ status: 'completed' });
  });
});
