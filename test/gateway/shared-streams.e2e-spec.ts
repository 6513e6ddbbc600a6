import { resolve } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ManagedProcess, MessagesApi, RedisServer, spawnNode, within } from '@test/support/index.js';
import { EventReader, textsOf } from './event-reader.js';
import { lineOf } from './log-lines.js';
import { type Gateway, startGateway } from './start-gateway.js';

/** `message_start`, `content_block_start` and the first delta. */
const FIRST_DELTA = 3;
const COLLAPSED = 'redis-cache; fwd=miss; collapsed';

let api: MessagesApi;
let redis: RedisServer;
let gateways: Gateway[];
let worker: ManagedProcess | undefined;

beforeEach(async () => {
  [api, redis] = await Promise.all([MessagesApi.start(), RedisServer.start()]);
});

afterEach(async () => {
  await Promise.all([...gateways.map((gateway) => gateway.stop()), worker?.stop()]);
  await Promise.all([redis.stop(), api.stop()]);
  worker = undefined;
});

const environment = (more: Record<string, string> = {}): Record<string, string> => ({
  REDIS_URL: redis.url,
  REDIS_COMMAND_TIMEOUT_MS: '10000',
  WORKER_EXECUTOR: 'anthropic',
  ANTHROPIC_MAX_RETRIES: '0',
  ...api.env,
  ...more,
});

async function startTwo(more: Record<string, string> = {}): Promise<void> {
  gateways = await Promise.all([startGateway(environment(more)), startGateway(environment(more))]);
}

async function startTwoWithWorker(): Promise<void> {
  const more = { WORKER_POOL: 'bullmq' };
  worker = spawnNode(resolve('apps/gateway/dist/worker.js'), { env: environment(more) });
  // The API processes work themselves only where the queue is away.
  await Promise.all([startTwo(more), worker.waitForLine(/^Working/)]);
}

const ask = (text: string) => ({
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: `[[api ${text}]]` }],
});

const open = (index: number, text: string, id = 'any'): Promise<EventReader> =>
  EventReader.post(gateways[index]!, '/v1/messages', { ...ask(text), stream: true }, { 'x-request-id': id });

/** Opens a stream in the first process of which the API has sent the first delta. */
async function opened(text: string): Promise<EventReader> {
  const opening = open(0, text);
  await (await api.call(0)).steps.send(FIRST_DELTA);
  return opening;
}

describe.each([
  ['that computes the message', startTwo],
  ['that passes it to a worker process', startTwoWithWorker],
])('a stream of a process %s', (_what, start) => {
  beforeEach(() => start());

  it('is read live by another process, from its first event', async () => {
    const leader = await opened('steps a|b|c|d');
    await api.calls[0]!.steps.send();
    const follower = await open(1, 'steps a|b|c|d');
    expect(follower.response.headers.get('cache-status')).toBe(COLLAPSED);
    const seen = await follower.take(FIRST_DELTA + 1);
    expect([textsOf(seen), api.calls[0]!.steps.sent]).toEqual(['ab', FIRST_DELTA + 1]);
    await api.calls[0]!.steps.send();
    expect(textsOf([await follower.next()])).toBe('c');
    await api.calls[0]!.steps.rest();
    const original = await leader.rest();
    expect([
      ...seen,
      ...original.slice(FIRST_DELTA + 1, FIRST_DELTA + 2),
      ...(await follower.rest()),
    ]).toEqual(original);
    expect(original.at(-1)?.name).toBe('message_stop');
    const hit = await open(1, 'steps a|b|c|d');
    expect(hit.response.headers.get('cache-status')).toMatch(/^redis-cache; hit/);
    expect(textsOf(await hit.rest())).toBe('abcd');
    expect(api.calls).toHaveLength(1);
  });

  it('is read by the official SDK in another process before it ends', async () => {
    const leader = await opened('steps one |two');
    const client = new Anthropic({ baseURL: gateways[1]!.url, apiKey: 'any', maxRetries: 0 });
    const stream = client.messages.stream(ask('steps one |two'));
    expect(await within(stream.emitted('text'), { what: 'the first delta' })).toBe('one ');
    expect(api.calls[0]!.steps.sent).toBe(FIRST_DELTA);
    await api.calls[0]!.steps.rest();
    expect(await stream.finalText()).toBe('one two');
    await leader.rest();
  });

  it('goes on while a client of another process reads it, and ends with the last one', async () => {
    const leader = await opened('steps a|b|c|d');
    const follower = await open(1, 'steps a|b|c|d', 'follower');
    await follower.take(FIRST_DELTA);
    await api.calls[0]!.steps.send();
    expect(textsOf([await follower.next()])).toBe('b');
    leader.leave();
    await api.calls[0]!.steps.send();
    expect(textsOf([await follower.next()])).toBe('c');
    follower.leave();
    expect(await within(api.calls[0]!.ended, { what: 'the end of the request at the API' })).toBe('gone');
    expect(await lineOf(gateways[1]!, 'follower')).toMatchObject({
      stream: 'client_left',
      source: 'collapsed',
    });
  });

  it('fails in every process with the same error', async () => {
    const leader = await opened('steps a|b');
    const follower = await open(1, 'steps a|b');
    await follower.take(FIRST_DELTA);
    await api.calls[0]!.steps.fail();
    const errors = [await leader.rest(), await follower.rest()].map((events) => events.at(-1));
    for (const error of errors) {
      expect(error).toMatchObject({ name: 'error', data: { error: { type: 'overloaded_error' } } });
    }
  });

  it('gives the whole message to a request in another process that is not streamed', async () => {
    const leader = await opened('steps a|b');
    const client = new Anthropic({ baseURL: gateways[1]!.url, apiKey: 'any', maxRetries: 0 });
    const whole = client.messages.create(ask('steps a|b')).withResponse();
    for (let round = 0; round < 2; round += 1) await gateways[1]!.get('/health/live');
    await api.calls[0]!.steps.rest();
    expect((await whole).data.content).toMatchObject([{ text: 'ab' }]);
    await leader.rest();
    expect(api.calls).toHaveLength(1);
  });
});

describe('a stream whose worker process is killed', () => {
  beforeEach(() => startTwoWithWorker());

  it('ends with an error for its readers, and with the message for those who wait for all of it', async () => {
    const leader = await opened('steps a|b');
    const client = new Anthropic({ baseURL: gateways[1]!.url, apiKey: 'any', maxRetries: 0 });
    const whole = client.messages.create(ask('steps a|b'));
    await leader.take(FIRST_DELTA);
    worker!.signal('SIGKILL');
    await worker!.exited;
    worker = spawnNode(resolve('apps/gateway/dist/worker.js'), {
      env: environment({ WORKER_POOL: 'bullmq' }),
    });
    const second = await within(api.call(1), { what: 'the second attempt', timeoutMs: 30_000 });
    await second.steps.rest();
    expect((await whole).content).toMatchObject([{ text: 'ab' }]);
    const [error, ...more] = await leader.rest();
    expect([error, more]).toMatchObject([{ name: 'error', data: { error: { type: 'api_error' } } }, []]);
  });
});

describe('a stream whose process is killed', () => {
  beforeEach(() => startTwo());

  it('ends for those who have seen events with an error that says so', async () => {
    const leader = await opened('steps a|b');
    const follower = await open(1, 'steps a|b', 'interrupted');
    await follower.take(FIRST_DELTA);
    gateways[0]!.process.signal('SIGKILL');
    const [error, ...more] = await follower.rest();
    expect(error).toMatchObject({ name: 'error', data: { error: { type: 'api_error' } } });
    expect(more).toEqual([]);
    expect(await lineOf(gateways[1]!, 'interrupted')).toMatchObject({
      status: 200,
      stream: 'interrupted',
      streamError: 'ERR_STREAM_INTERRUPTED',
    });
    leader.leave();
  });
});
