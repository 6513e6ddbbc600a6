import { resolve } from 'node:path';
import Anthropic, { AuthenticationError, NotFoundError, RateLimitError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MessagesApi } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const KEY = 'team-key-0123456789abcdef';

let api: MessagesApi;
const gateways: Gateway[] = [];
let offline: Anthropic;
let onApi: Anthropic;

async function start(env: Record<string, string>): Promise<Anthropic> {
  const gateway = await startGateway({ API_KEYS: `team:${KEY}`, ...env });
  gateways.push(gateway);
  return new Anthropic({ baseURL: gateway.url, apiKey: KEY, maxRetries: 0 });
}

const startOnApi = (env: Record<string, string> = {}): Promise<Anthropic> =>
  start({ WORKER_EXECUTOR: 'anthropic', ANTHROPIC_MAX_RETRIES: '0', ...api.env, ...env });

beforeAll(async () => {
  api = await MessagesApi.start();
  [offline, onApi] = await Promise.all([start({}), startOnApi()]);
});

beforeEach(() => {
  api.calls.length = 0;
});

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await api?.stop();
});

const input = (text: string, more: Partial<Anthropic.MessageCountTokensParams> = {}) => ({
  model: 'claude-sonnet-5-5',
  messages: [{ role: 'user' as const, content: text }],
  ...more,
});

describe('count_tokens by the official SDK', () => {
  it('offline: returns the input tokens that a message reports', async () => {
    const request = {
      ...input('Redis is fast. A cache keeps answers. An answer costs money once.'),
      system: 'Be brief, please.',
    };
    const { data, response } = await offline.messages.countTokens(request).withResponse();
    const { usage } = await offline.messages.create({ ...request, max_tokens: 100 });
    expect(data).toEqual({ input_tokens: usage.input_tokens });
    expect(usage.input_tokens).toBeGreaterThan(10);
    expect(response.headers.get('request-id')).toMatch(/\S/);
    const twice = await offline.messages.countTokens({ ...request, system: 'Be brief, please. '.repeat(2) });
    expect(twice.input_tokens).toBeGreaterThan(data.input_tokens);
  });

  it('anthropic: returns the count of the API, uncached', async () => {
    const tools = [{ name: 'look', input_schema: { type: 'object' as const } }];
    const request = input('[[api count 42]]', { system: 'Be brief.', tools });
    for (let time = 0; time < 2; time += 1) {
      expect(await onApi.messages.countTokens(request)).toEqual({ input_tokens: 42 });
    }
    expect(api.calls.map(({ body }) => body)).toEqual([request, request]);
  });

  it('claude-cli: a 404 that says why', async () => {
    const client = await start({
      WORKER_EXECUTOR: 'claude-cli',
      CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs'),
    });
    await expect(client.messages.countTokens(input('a'))).rejects.toMatchObject({
      status: 404,
      type: 'not_found_error',
      apiMessage: 'This gateway has no count_tokens: the claude-cli executor cannot count tokens.',
    });
  });

  it('fails as the API does', async () => {
    const limited = onApi.messages.countTokens(input('[[api rate-limit 7]]'));
    const error = (await limited.catch((thrown: unknown) => thrown)) as InstanceType<
      typeof Anthropic.RateLimitError
    >;
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error.headers.get('retry-after')).toBe('7');
    for (const [behaviour, status, type] of [
      ['overloaded', 529, 'overloaded_error'],
      ['cut-early', 502, 'api_error'],
      ['no-count', 502, 'api_error'],
    ] as const) {
      const failed = onApi.messages.countTokens(input(`[[api ${behaviour}]]`));
      await expect(failed).rejects.toMatchObject({ status, type });
    }
  });

  it('ends at the task timeout and when its client disconnects', async () => {
    const client = await startOnApi({ TASK_TIMEOUT_MS: '1000' });
    const late = client.messages.countTokens(input('[[api silent]]'));
    const error = (await late.catch((thrown: unknown) => thrown)) as InstanceType<typeof Anthropic.APIError>;
    expect([error.status, error.type, error.headers?.get('x-should-retry')]).toEqual([
      504,
      'timeout_error',
      'false',
    ]);
    expect(await (await api.call(0)).ended).toBe('gone');
  });

  it('refuses fields that are not input, and a caller without a key', async () => {
    for (const field of ['max_tokens', 'stream', 'metadata', 'stop_sequences']) {
      await expect(offline.messages.countTokens(input('a', { [field]: 1 }))).rejects.toMatchObject({
        status: 400,
        apiMessage: `${field}: must be left out when tokens are counted`,
      });
    }
    const tools = [{ name: 'look', input_schema: { type: 'object' as const } }];
    await expect(offline.messages.countTokens(input('a', { tools }))).rejects.toMatchObject({ status: 400 });
    const stranger = new Anthropic({ baseURL: offline.baseURL, apiKey: 'x'.repeat(20), maxRetries: 0 });
    await expect(stranger.messages.countTokens(input('a'))).rejects.toBeInstanceOf(AuthenticationError);
  });
});

describe('other routes of the Messages API', () => {
  it('get a 404 in the form of the API', async () => {
    await expect(offline.messages.batches.list()).rejects.toMatchObject({
      status: 404,
      type: 'not_found_error',
      apiMessage: expect.stringContaining('This gateway has no message batches'),
    });
    await expect(offline.messages.batches.create({ requests: [] })).rejects.toBeInstanceOf(NotFoundError);
    for (const [method, path] of [
      ['GET', '/v1/messages/count_tokens'],
      ['DELETE', '/v1/messages/batches/a/b'],
    ] as const) {
      const response = await fetch(offline.baseURL + path, { method, headers: { 'x-api-key': KEY } });
      expect([response.status, await response.json()]).toEqual([
        404,
        expect.objectContaining({ type: 'error', request_id: expect.any(String) }),
      ]);
    }
  });
});
