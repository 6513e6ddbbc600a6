import { SpanStatusCode, trace } from '@opentelemetry/api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OPERATION_END_CHANNEL, OPERATION_START_CHANNEL, type RedisCacheService } from 'nestjs-redis-cache';
import { registerCacheTelemetry } from 'nestjs-redis-cache/opentelemetry';
import { channel } from 'node:diagnostics_channel';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { heldFactory } from '@test/get-or-set/factories.js';
import { RedisServer, until } from '@test/support/index.js';
import { RecordingSdk } from './recording-sdk.js';

const sdk = new RecordingSdk();
const span = (name: string) => sdk.span(name);

const isSubscribed = (): boolean =>
  [OPERATION_START_CHANNEL, OPERATION_END_CHANNEL].some((name) => channel(name).hasSubscribers);

const own = (operation: string, outcome: string): Record<string, string> => ({
  'nestjs_redis_cache.operation': operation,
  'nestjs_redis_cache.outcome': outcome,
  'nestjs_redis_cache.name': 'default',
});

it('subscribes to nothing without an SDK', () => {
  const unregister = registerCacheTelemetry();
  expect(isSubscribed()).toBe(false);
  unregister();
});

it('refuses an unknown option', () => {
  expect(() => registerCacheTelemetry({ tracer: trace } as never)).toThrow('tracer');
});

describe('with an SDK', () => {
  const caches = new Caches();
  let server: RedisServer;
  let cache: RedisCacheService;
  let unregister: () => void;

  beforeAll(async () => {
    sdk.start();
    server = await RedisServer.start();
  });

  beforeEach(async () => {
    const { host, port } = server;
    cache = caches.create({ connection: { host, port }, keyPrefix: freshPrefix() });
    await cache.isConnected();
    unregister = registerCacheTelemetry();
  });

  afterEach(async () => {
    unregister();
    await caches.closeAll();
    await sdk.reset();
  });

  afterAll(async () => {
    await server.stop();
    await sdk.stop();
  });

  it('has a span of the kind client for a request to Redis', async () => {
    await cache.cacheResponse('key', { a: 1 });
    await cache.getCachedResponse('key');
    const found = span('getCachedResponse');
    expect(found.kind).toBe(2);
    expect(found.attributes).toEqual({
      'db.system.name': 'redis',
      'db.operation.name': 'getCachedResponse',
      'nestjs_redis_cache.name': 'default',
      'nestjs_redis_cache.outcome': 'hit',
    });
    expect(span('cacheResponse').attributes['nestjs_redis_cache.bytes']).toBeGreaterThan(7);
  });

  it('nests what a factory does in the span of its call, and that in the span around it', async () => {
    const tracer = trace.getTracer('test');
    await tracer.startActiveSpan('request', async (request) => {
      await cache.getOrSet('key', async () => {
        tracer.startSpan('model').end();
        return 'value';
      });
      request.end();
    });
    const call = span('getOrSet');
    expect(span('model').parentSpanContext?.spanId).toBe(call.spanContext().spanId);
    expect(call.parentSpanContext?.spanId).toBe(span('request').spanContext().spanId);
    expect(call.attributes['nestjs_redis_cache.outcome']).toBe('miss');
  });

  it('links the spans of collapsed calls to the span of their leader', async () => {
    const { factory, call } = heldFactory();
    const ask = () => cache.getOrSet('key', factory as never);
    const answers = [ask(), ask()];
    const running = await call(0);
    answers.push(ask());
    // Replies come in order: by then the last call has read, and joined the computation.
    await cache.isConnected();
    running.resolve('value');
    await Promise.all(answers);
    const outcome = 'nestjs_redis_cache.outcome';
    const leader = sdk.spans.find(({ attributes }) => attributes[outcome] === 'miss')!;
    const collapsed = sdk.spans.filter(({ attributes }) => attributes[outcome] === 'collapsed');
    expect(leader.links).toEqual([]);
    expect(collapsed).toHaveLength(2);
    for (const { links } of collapsed)
      expect(links.map((link) => link.context.spanId)).toEqual([leader.spanContext().spanId]);
  });

  it('has spans of messaging for the operations of a queue', async () => {
    const handled: unknown[] = [];
    const consumer = cache.queue('mails').createConsumer({ handler: ({ data }) => void handled.push(data) });
    consumer.start();
    await cache.queue('mails').queueRequests([1, 2]);
    await until(() => handled.length === 2, { what: 'both requests to be handled' });
    await consumer.stop();
    const sent = span('queueRequests mails');
    expect(sent.kind).toBe(2);
    expect(sent.attributes).toMatchObject({
      'messaging.system': 'redis',
      'messaging.operation.name': 'queueRequests',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'mails',
      'messaging.batch.message_count': 2,
    });
    const run = span('process mails');
    expect(run.kind).toBe(4);
    expect(run.attributes['messaging.operation.type']).toBe('process');
    const process = {
      'messaging.system': 'redis',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
    };
    expect(await sdk.points('messaging.client.consumed.messages')).toEqual([[process, 2]]);
    expect(await sdk.points('messaging.process.duration')).toEqual([[process, 2]]);
  });

  it('reports an error by its class, without its message', async () => {
    const failing = cache.getOrSet('key', async () => {
      throw new TypeError('a secret');
    });
    await expect(failing).rejects.toThrow('a secret');
    const { attributes, status, events } = span('getOrSet');
    expect(attributes['error.type']).toBe('TypeError');
    expect(status).toEqual({ code: SpanStatusCode.ERROR });
    expect(events).toEqual([]);
  });

  it('counts outcomes, durations and changes of state by attributes without keys', async () => {
    await cache.getOrSet('one', async () => 1);
    await cache.getOrSet('two', async () => 2);
    await cache.getCachedResponse('three');
    expect(await sdk.points('nestjs_redis_cache.operations')).toEqual([
      [own('getOrSet', 'miss'), 2],
      [own('getCachedResponse', 'miss'), 1],
    ]);
    expect(await sdk.points('nestjs_redis_cache.get_or_set.duration')).toEqual([
      [own('getOrSet', 'miss'), 2],
    ]);
    const get = { 'db.system.name': 'redis', 'db.operation.name': 'getCachedResponse' };
    expect(await sdk.points('db.client.operation.duration')).toEqual([[get, 1]]);
  });

  it('reports what failed without Redis, and that it is away', async () => {
    await server.kill();
    await untilPhase(cache, 'unavailable');
    await cache.getCachedResponse('key');
    await cache.getOrSet('key', async () => 1);
    expect(span('getCachedResponse').attributes['error.type']).toBe('unavailable');
    expect(span('getOrSet').status.code).toBe(SpanStatusCode.UNSET);
    const degraded = { 'nestjs_redis_cache.state': 'degraded', 'nestjs_redis_cache.name': 'default' };
    expect(await sdk.points('nestjs_redis_cache.state.changes')).toEqual([[degraded, 1]]);
    await server.restart();
  });
});
