import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { Cluster, Redis, SentinelConnector } from 'ioredis';
import { createClient, hastyPolicy } from 'nestjs-redis-connection';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createWorkerPool,
  POOL_OPERATION_END_CHANNEL,
  POOL_OPERATION_START_CHANNEL,
  POOL_STATE_CHANNEL,
  type PoolOperation,
  type PoolStateChange,
  type WorkerPool,
} from 'nestjs-worker-pool';
import { ChannelRecord } from '@test/fixtures/channel-record.js';
import { RedisServer, until, within } from '@test/support/index.js';
import { QueueLink } from '@worker-pool/core/bullmq/queue-link.js';
import { EchoExecutor, SECRET } from './echo-executor.js';

const context = new AsyncLocalStorage<string>();

const enter = (message: unknown): void => {
  const operation = message as PoolOperation;
  operation.within((run) => context.run(operation.operation, run));
};

/** How long a call waits for Redis, in milliseconds. */
const DEADLINE_MS = 200;

const silent = { log() {}, warn() {}, error() {} };

const CHANNELS = {
  start: POOL_OPERATION_START_CHANNEL,
  end: POOL_OPERATION_END_CHANNEL,
  state: POOL_STATE_CHANNEL,
};

/** Records what the channels of the pool publish. */
class Published extends ChannelRecord<PoolOperation, PoolStateChange> {
  constructor() {
    super(CHANNELS);
  }
}

describe('the diagnostics channels of a pool', () => {
  let published: Published;
  let contexts: (string | undefined)[];
  let pool: WorkerPool;

  beforeEach(() => {
    published = new Published();
    contexts = [];
    const executor = new EchoExecutor(() => contexts.push(context.getStore()));
    pool = createWorkerPool({ executor, logger: silent, concurrency: 1, maxBacklog: 1 });
  });

  afterEach(async () => {
    published.stop();
    await pool.close();
  });

  it('publish how each operation ended', async () => {
    await pool.run({ prompt: 'hello' });
    const taskId = await pool.submit({ prompt: 'fail' });
    await pool.getResult(taskId);
    const stream = await pool.stream({ prompt: 'hello' });
    await stream.result();
    const waiting = await pool.submit({ prompt: 'wait' });
    await pool.cancel(waiting);
    await pool.cancel(waiting);
    await pool.run({ prompt: 'wait' }, { timeoutMs: 1 });
    await expect(pool.getResult('no task')).rejects.toThrow();
    await until(() => published.ended.length === published.started.length, { what: 'the executor to stop' });
    expect(published.outcomes.toSorted()).toEqual([
      'cancel: ok',
      'cancel: unknown',
      'execute: completed',
      'execute: completed',
      'execute: failed',
      'execute: failed',
      'execute: failed',
      'getResult: error',
      'getResult: failed',
      'run: completed',
      'run: timeout',
      'stream: ok',
      'submit: ok',
      'submit: ok',
    ]);
    expect(published.started[0]).toBe(published.ended.find(({ operation }) => operation === 'run'));
    expect(
      published.ended.every(({ durationMs, executor: name }) => durationMs! >= 0 && name === 'echo'),
    ).toBe(true);
  });

  it('never publish a request, a completion or the message of an error', async () => {
    await pool.run({ prompt: SECRET, system: SECRET }, { deduplicationKey: SECRET, context: { SECRET } });
    await pool.run({ prompt: `fail ${SECRET}` });
    await pool.getResult(await pool.submit({ prompt: SECRET }));
    await (await pool.stream({ prompt: SECRET })).result();
    await pool.getResult(SECRET).catch(() => {});
    await pool.cancel(SECRET);
    await pool.run({ prompt: SECRET }, { priority: SECRET as never }).catch(() => {});
    const everything = inspect(published, { depth: Infinity, showHidden: true, maxStringLength: Infinity });
    expect(everything).toContain('getResult');
    expect(everything).not.toContain(SECRET);
    expect(
      published.ended
        .map(({ errorType }) => errorType)
        .filter(Boolean)
        .toSorted(),
    ).toEqual(['ERR_EXECUTOR_FAILED', 'ERR_EXECUTOR_FAILED', 'ERR_INVALID_REQUEST', 'ERR_TASK_NOT_FOUND']);
  });

  it('let a subscriber run an operation in a context, which the executor inherits', async () => {
    subscribe(POOL_OPERATION_START_CHANNEL, enter);
    try {
      await pool.run({ prompt: 'hello' });
    } finally {
      unsubscribe(POOL_OPERATION_START_CHANNEL, enter);
    }
    expect(contexts).toEqual(['execute']);
  });

  it('run a task that had to wait in the context of its own submission', async () => {
    const runs = ['first', 'second'].map((name) => context.run(name, () => pool.run({ prompt: name })));
    await Promise.all(runs);
    expect(contexts).toEqual(['first', 'second']);
  });

  it('publish the trace context of a submission, and nothing else that its context contains', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    for (const given of [traceparent, `${traceparent}-more`, SECRET, 1])
      await pool.run({ prompt: 'hello' }, { context: { traceparent: given } });
    await pool.run({ prompt: 'hello' }, { context: null });
    const executions = published.ended.filter(({ operation }) => operation === 'execute');
    expect(executions).toHaveLength(5);
    expect(executions.flatMap((execution) => execution.traceparent ?? [])).toEqual([traceparent]);
  });
});

describe('the channels of a pool over BullMQ', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterAll(() => server.stop());

  it('publish the call and the run, and an outage from its beginning to its end', async () => {
    const published = new Published();
    try {
      const pool = createWorkerPool({
        driver: 'bullmq',
        executor: new EchoExecutor(),
        connection: { url: server.url },
        queueName: 'published',
        logger: silent,
      });
      await pool.run({ prompt: 'hello' });
      expect(published.outcomes).toEqual(['execute: completed', 'run: completed']);
      expect(published.ended.map(({ queue }) => queue)).toEqual(['published', 'published']);
      await server.kill();
      await until(() => published.states.length === 2, { what: 'the outage' });
      await server.restart();
      await until(() => published.states.length === 3, { what: 'the recovery' });
      expect(published.states).toEqual([
        { state: 'connected' },
        { state: 'degraded', code: 'CONNECTION_LOST' },
        { state: 'recovered', durationMs: expect.any(Number) },
      ]);
      await pool.close();
      expect(published.states).toHaveLength(3);
    } finally {
      published.stop();
    }
  });

  describe('during an outage', () => {
    let published: Published;
    let link: QueueLink;

    beforeEach(async () => {
      published = new Published();
      const { host, port } = server;
      const limits = { connectTimeoutMs: 1_000, commandTimeoutMs: DEADLINE_MS };
      const constructors = { Redis, Cluster, SentinelConnector };
      const client = createClient(constructors, { host, port }, hastyPolicy(limits));
      client.on('error', () => {});
      link = new QueueLink(client, DEADLINE_MS, () => {});
      await until(() => link.isUp, { what: 'the connection' });
    });

    afterEach(async () => {
      link.close();
      published.stop();
      await server.restart();
    });

    /** Each attempt to connect that fails closes a connection. */
    const failedAttempts = async (count: number): Promise<void> => {
      for (let left = count; left > 0; left -= 1) {
        const closed = new Promise<void>((resolve) => void link.client.once('close', () => resolve()));
        await within(closed, { what: 'an attempt to connect' });
      }
    };

    it('publish its beginning once, however often connecting fails', async () => {
      await server.kill();
      await failedAttempts(3);
      expect(published.states).toEqual([
        { state: 'connected' },
        { state: 'degraded', code: 'CONNECTION_LOST' },
      ]);
    });

    it('publish its beginning once, if a server falls silent before the connection is lost', async () => {
      await server.pause();
      await expect(link.call((client) => client.ping())).rejects.toThrow('unavailable');
      await server.kill();
      await failedAttempts(3);
      expect(published.states).toEqual([{ state: 'connected' }, { state: 'degraded', code: 'TIMEOUT' }]);
    });
  });
});
