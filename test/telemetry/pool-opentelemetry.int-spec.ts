import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createWorkerPool,
  POOL_OPERATION_END_CHANNEL,
  POOL_OPERATION_START_CHANNEL,
  POOL_STATE_CHANNEL,
  type WorkerPool,
} from 'nestjs-worker-pool';
import { registerPoolTelemetry } from 'nestjs-worker-pool/opentelemetry';
import { channel } from 'node:diagnostics_channel';
import { RedisServer, until } from '@test/support/index.js';
import { EchoExecutor, SECRET } from './echo-executor.js';
import { RecordingSdk } from './recording-sdk.js';

const CHANNELS = [POOL_OPERATION_START_CHANNEL, POOL_OPERATION_END_CHANNEL, POOL_STATE_CHANNEL];
const silent = { log() {}, warn() {}, error() {} };
const sdk = new RecordingSdk();

const own = (operation: string, outcome: string): Record<string, string> => ({
  'nestjs_worker_pool.operation': operation,
  'nestjs_worker_pool.outcome': outcome,
  'nestjs_worker_pool.executor': 'echo',
});

const system = (name: string, type?: string): Record<string, string> => ({
  'messaging.system': 'bullmq',
  'messaging.operation.name': name,
  ...(type !== undefined && { 'messaging.operation.type': type }),
});

const parentOf = (name: string): string | undefined => sdk.span(name).parentSpanContext?.spanId;
const idOf = (name: string): string => sdk.span(name).spanContext().spanId;
const states = () => sdk.points('nestjs_worker_pool.state.changes');

it('subscribes to nothing without an SDK', () => {
  const unregister = registerPoolTelemetry();
  expect(CHANNELS.filter((name) => channel(name).hasSubscribers)).toEqual([]);
  unregister();
});

it('refuses an unknown option', () => {
  expect(() => registerPoolTelemetry({ tracer: trace } as never)).toThrow('tracer');
});

describe('with an SDK', () => {
  let unregister: () => void;
  let pool: WorkerPool;

  beforeAll(() => sdk.start());

  beforeEach(() => {
    unregister = registerPoolTelemetry();
  });

  afterEach(async () => {
    await pool.close();
    unregister();
    await sdk.reset();
  });

  afterAll(() => sdk.stop());

  describe('a local pool', () => {
    beforeEach(() => {
      const executor = new EchoExecutor(() => trace.getTracer('test').startSpan('model').end());
      pool = createWorkerPool({ executor, logger: silent, concurrency: 1 });
    });

    it('nests the work of an executor in the span of its task, and that in the call', async () => {
      await pool.run({ prompt: 'hello' });
      expect(parentOf('model')).toBe(idOf('execute'));
      expect(parentOf('execute')).toBe(idOf('run'));
      const { kind, attributes } = sdk.span('execute');
      expect(kind).toBe(SpanKind.INTERNAL);
      expect(attributes).toEqual({
        'nestjs_worker_pool.executor': 'echo',
        'nestjs_worker_pool.outcome': 'completed',
      });
    });

    it('gives a task that had to wait the parent that submitted it', async () => {
      await Promise.all([pool.run({ prompt: 'one' }), pool.run({ prompt: 'two' })]);
      const idsOf = (name: string): string[] =>
        sdk.spans.filter((span) => span.name === name).map((span) => span.spanContext().spanId);
      const parents = sdk.spans
        .filter(({ name }) => name === 'execute')
        .map((span) => span.parentSpanContext?.spanId);
      expect(new Set(parents)).toEqual(new Set(idsOf('run')));
    });

    it('reports a failed task by its code, without its message', async () => {
      await pool.run({ prompt: 'fail' });
      for (const { attributes, status, events } of [sdk.span('run'), sdk.span('execute')]) {
        expect(attributes['error.type']).toBe('ERR_EXECUTOR_FAILED');
        expect(status).toEqual({ code: SpanStatusCode.ERROR });
        expect(events).toEqual([]);
      }
      expect(JSON.stringify(sdk.spans.map(({ attributes }) => attributes))).not.toContain(SECRET);
    });

    it('measures operations by outcome, and counts no messages', async () => {
      await pool.run({ prompt: 'hello' });
      await pool.run({ prompt: 'hello' });
      await pool.cancel('no task');
      expect(await sdk.points('nestjs_worker_pool.operation.duration')).toEqual([
        [own('execute', 'completed'), 2],
        [own('run', 'completed'), 2],
        [own('cancel', 'unknown'), 1],
      ]);
      expect(await sdk.points('messaging.process.duration')).toEqual([]);
    });
  });

  describe('a pool over BullMQ', () => {
    let server: RedisServer;

    beforeAll(async () => {
      server = await RedisServer.start();
    });

    afterAll(() => server.stop());

    const open = (): void => {
      pool = createWorkerPool({
        driver: 'bullmq',
        executor: new EchoExecutor(() => trace.getTracer('test').startSpan('model').end()),
        connection: { url: server.url },
        queueName: 'traced',
        logger: silent,
      });
    };

    it('has spans and metrics of messaging', async () => {
      open();
      const taskId = await pool.submit({ prompt: 'hello' });
      await pool.getResult(taskId);
      await pool.run({ prompt: 'hello' });
      expect(sdk.span('submit traced').attributes).toEqual({
        ...system('submit', 'send'),
        'messaging.destination.name': 'traced',
        'nestjs_worker_pool.executor': 'echo',
        'nestjs_worker_pool.outcome': 'ok',
      });
      const kinds = ['submit', 'run', 'execute'].map((name) => sdk.span(`${name} traced`).kind);
      expect(kinds).toEqual([SpanKind.CLIENT, SpanKind.CLIENT, SpanKind.CONSUMER]);
      const submitted = [system('submit', 'send'), 1];
      const executed = [system('execute', 'process'), 2];
      expect(await sdk.points('messaging.client.operation.duration')).toEqual([submitted]);
      expect(await sdk.points('messaging.client.sent.messages')).toEqual([submitted, [system('run'), 1]]);
      expect(await sdk.points('messaging.process.duration')).toEqual([executed]);
      expect(await sdk.points('messaging.client.consumed.messages')).toEqual([executed]);
    });

    it('begins a trace for each task, whatever the pool was started in', async () => {
      await trace.getTracer('test').startActiveSpan('start', async (span) => {
        open();
        await pool.health();
        span.end();
      });
      await pool.run({ prompt: 'hello' });
      expect(parentOf('execute traced')).toBeUndefined();
      expect(sdk.span('execute traced').spanContext().traceId).not.toBe(
        sdk.span('start').spanContext().traceId,
      );
      expect(parentOf('model')).toBe(idOf('execute traced'));
    });

    it('continues the trace that the context of the submission names', async () => {
      open();
      await trace.getTracer('test').startActiveSpan('request', async (span) => {
        const { traceId, spanId } = span.spanContext();
        await pool.run({ prompt: 'hello' }, { context: { traceparent: `00-${traceId}-${spanId}-01` } });
        span.end();
      });
      const { links, parentSpanContext } = sdk.span('execute traced');
      expect(parentSpanContext).toMatchObject({ spanId: idOf('request'), isRemote: true });
      expect(links.map((link) => link.context.spanId)).toEqual([idOf('request')]);
    });

    it('counts the changes of its state', async () => {
      open();
      await pool.run({ prompt: 'hello' });
      await server.kill();
      await until(async () => (await states()).length === 2, { what: 'the outage' });
      expect(await states()).toEqual([
        [{ 'nestjs_worker_pool.state': 'connected' }, 1],
        [{ 'nestjs_worker_pool.state': 'degraded' }, 1],
      ]);
      await server.restart();
    });
  });
});
