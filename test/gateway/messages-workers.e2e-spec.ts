import { resolve } from 'node:path';
import Anthropic, { APIUserAbortError, RateLimitError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ManagedProcess, MessagesApi, RedisServer, spawnNode, within } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

let api: MessagesApi;
let redis: RedisServer;
let worker: ManagedProcess;
let gateway: Gateway;
let client: Anthropic;

beforeAll(async () => {
  [api, redis] = await Promise.all([MessagesApi.start(), RedisServer.start()]);
  const env = {
    REDIS_URL: redis.url,
    REDIS_COMMAND_TIMEOUT_MS: '10000',
    WORKER_POOL: 'bullmq',
    WORKER_EXECUTOR: 'anthropic',
    ANTHROPIC_MAX_RETRIES: '0',
    MESSAGES_PING_MS: '600000',
    ...api.env,
  };
  worker = spawnNode(resolve('apps/gateway/dist/worker.js'), { env });
  // The API process works itself only where the queue is away.
  [gateway] = await Promise.all([startGateway(env), worker.waitForLine(/^Working/)]);
  client = new Anthropic({ baseURL: gateway.url, apiKey: 'any', maxRetries: 0 });
});

afterAll(async () => {
  await Promise.all([gateway?.stop(), worker?.stop()]);
  await Promise.all([redis?.stop(), api?.stop()]);
});

beforeEach(() => {
  api.calls.length = 0;
});

const ask = (text: string) => ({
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: text }],
});

describe('the official SDK on a gateway with a worker process', () => {
  it('gets the complete message, as JSON and as a stream', async () => {
    const message = await client.messages.create(ask('[[api tool-use]]'));
    expect(message).toMatchObject({
      content: [{ text: 'Let me look.' }, { id: 'toolu_1', input: { where: ['here', 'there'], deep: true } }],
      stop_reason: 'tool_use',
      usage: { input_tokens: 11, cache_read_input_tokens: 100, service_tier: 'standard' },
    });
    const streamed = await client.messages.stream(ask('[[api stop-sequence]]')).finalMessage();
    expect(streamed).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'three' });
    expect(api.calls).toHaveLength(2);
  });

  it('gets an error of the API with its status and the time to wait before a retry', async () => {
    const error = await client.messages
      .create(ask('[[api rate-limit 7]]'))
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof RateLimitError)) throw error;
    expect(error.type).toBe('rate_limit_error');
    expect(error.headers.get('retry-after')).toBe('7');
    expect(api.calls).toHaveLength(1);
  });

  it('shares what a worker computed with a chat of OpenAI', async () => {
    const chat = { ...ask('[[api tool-use]] in a chat'), seed: 1 };
    const first = await gateway.post('/v1/chat/completions', { ...chat, stream: true });
    expect(await first.text()).toContain('"finish_reason":"tool_calls"');
    const second = await gateway.post('/v1/chat/completions', chat);
    expect(await second.json()).toMatchObject({ choices: [{ message: { content: 'Let me look.' } }] });
    expect(second.headers.get('cache-status')).toMatch(/^redis-cache; hit/);
    const refused = await gateway.post('/v1/chat/completions', ask('[[api rate-limit 7]] in a chat'));
    expect(await refused.json()).toMatchObject({
      error: { message: 'too fast', code: 'rate_limit_exceeded' },
    });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '7']);
    expect(api.calls).toHaveLength(2);
  });

  it('aborts its request at the API when it disconnects', async () => {
    const stream = client.messages.stream(ask('[[api hang]]'));
    const { ended } = await api.call(0);
    stream.abort();
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(APIUserAbortError);
    expect(await within(ended, { what: 'the end of the request at the API' })).toBe('gone');
  });
});
