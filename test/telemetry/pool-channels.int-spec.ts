import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Completion,
  type CompletionRequest,
  createWorkerPool,
  type ExecutionContext,
  Executor,
  POOL_OPERATION_END_CHANNEL,
  POOL_OPERATION_START_CHANNEL,
  POOL_STATE_CHANNEL,
  type PoolOperation,
  type PoolStateChange,
  type WorkerPool,
} from 'nestjs-worker-pool';
import { ChannelRecord } from '@test/fixtures/channel-record.js';
import { RedisServer, until } from '@test/support/index.js';

const SECRET = 'secret-in-prompts-and-completions';
const context = new AsyncLocalStorage<string>();

/** Completes with the prompt; the prompts `fail` and `wait` do as they say. */
class EchoExecutor extends Executor {
  readonly name = 'echo';
  readonly contexts: (string | undefined)[] = [];

  validate(): void {}

  resolveModel = (): string => 'echo-1';

  async execute({ prompt }: CompletionRequest, { signal }: ExecutionContext): Promise<Completion> {
    this.contexts.push(context.getStore());
    if (prompt?.startsWith('fail')) throw Object.assign(new RangeError(SECRET), { code: SECRET });
    if (prompt?.startsWith('wait')) {
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    const usage = { input_tokens: 1, output_tokens: 1 };
    return {
      completion: String(prompt),
      usage,
      cost: 0,
      model: 'echo-1',
      stopReason: 'end_turn',
      content: [],
    };
  }
}

const enter = (message: unknown): void => {
  const operation = message as PoolOperation;
  operation.within((run) => context.run(operation.operation, run));
};

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
  let executor: EchoExecutor;
  let pool: WorkerPool;

  beforeEach(() => {
    published = new Published();
    executor = new EchoExecutor();
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
    expect(executor.contexts).toEqual(['execute']);
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
});
