import Anthropic, {
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  GatewayTimeoutError,
  InternalServerError,
  OverloadedError,
  RateLimitError,
} from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MessagesApi, until, within } from '@test/support/index.js';
import { type Gateway, jsonPost, overApi, startGateway } from './start-gateway.js';

const KEY = 'team-key-0123456789abcdef';

let api: MessagesApi;
let gateway: Gateway;
/** Gives a task little time. */
let hasty: Gateway;
/** Refuses what it does not know. */
let strict: Gateway;
let client: Anthropic;

beforeAll(async () => {
  api = await MessagesApi.start();
  const env = { ...overApi(api, KEY), MAX_PROMPT_BYTES: '50000', MAX_BODY_BYTES: '100000' };
  [gateway, hasty, strict] = await Promise.all([
    startGateway(env),
    startGateway({ ...env, TASK_TIMEOUT_MS: '3000' }),
    startGateway({ ...env, STRICT_FIELDS: 'true' }),
  ]);
  client = clientOf(gateway);
  // The first request of a process takes longer: it loads the SDK.
  await until(() => clientOf(hasty).messages.create(ask('[[api text ready]]')), {
    what: 'a first answer',
    timeoutMs: 20_000,
  });
});

afterAll(async () => {
  await Promise.all([gateway, hasty, strict].map((one) => one?.stop()));
  await api?.stop();
});

beforeEach(() => {
  api.calls.length = 0;
});

const clientOf = ({ url }: Gateway, maxRetries = 0) =>
  new Anthropic({ baseURL: url, apiKey: KEY, maxRetries });

const ask = (text: string, more: object = {}): Anthropic.MessageCreateParamsNonStreaming => ({
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: text }],
  ...more,
});

/** The SDK's error for a request. */
async function errorOf(
  request: Anthropic.MessageCreateParamsNonStreaming,
  by: Anthropic = client,
  options: Anthropic.RequestOptions = {},
): Promise<APIError> {
  const error: unknown = await by.messages.create(request, options).then(
    () => new Error('an answer'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof APIError)) throw error;
  return error;
}

/** Checks that a request is refused, by the name of the field, before it reaches the API. */
async function refuses(
  by: Anthropic,
  field: string,
  request: Anthropic.MessageCreateParamsNonStreaming,
  options?: Anthropic.RequestOptions,
): Promise<void> {
  const error = await errorOf(request, by, options);
  expect(error).toBeInstanceOf(BadRequestError);
  expect(error.type).toBe('invalid_request_error');
  expect(error.apiMessage?.split(/[:;]? /)).toContain(field);
  expect(api.calls).toHaveLength(0);
}

describe('errors of the gateway in the SDK', () => {
  it.each([
    ['forbidden', InternalServerError, { status: 502, type: 'api_error' }],
    ['broken', InternalServerError, { status: 500, type: 'api_error' }],
    ['cut', InternalServerError, { status: 502, type: 'api_error' }],
    ['overloaded', OverloadedError, { status: 529, type: 'overloaded_error' }],
    ['late-overload', OverloadedError, { status: 529, type: 'overloaded_error' }],
    ['invalid', BadRequestError, { status: 400, type: 'invalid_request_error' }],
  ])('after “%s” of the API', async (behaviour, type, expected) => {
    const error = await errorOf(ask(`[[api ${behaviour}]]`));
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject(expected);
    expect(error.error).toMatchObject({
      type: 'error',
      error: { type: expected.type, message: expect.any(String) },
    });
    expect(error.requestID).toBe('req_test');
    expect(api.calls).toHaveLength(1);
  });

  it.each(['overloaded', 'broken', 'rate-limit 7'])(
    'is the body that the API sent: %s',
    async (behaviour) => {
      const { status, error } = await errorOf(ask(`[[api ${behaviour}]]`));
      const direct = await errorOf(
        ask(`[[api ${behaviour}]]`),
        new Anthropic({ baseURL: api.url, apiKey: api.key, maxRetries: 0 }),
      );
      expect([status, error]).toEqual([direct.status, direct.error]);
    },
  );

  it('never contains the key of the gateway', async () => {
    const { message } = await errorOf(ask('[[api invalid]]'));
    expect(message).toContain('[key]');
    expect(message).not.toContain(api.key);
  });

  it('a rate limit of the API, with the time to wait before a retry', async () => {
    const error = await errorOf(ask('[[api rate-limit 7]]'));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error.type).toBe('rate_limit_error');
    expect(error.headers?.get('retry-after')).toBe('7');
  });

  it('an unknown key', async () => {
    const stranger = client.withOptions({ apiKey: 'sk-ant-unknown' });
    const error = await errorOf(ask('a'), stranger);
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ type: 'authentication_error', requestID: expect.any(String) });
    expect(api.calls).toHaveLength(0);
  });

  it.each<[string, object]>([
    ['messages.0.role', { messages: [{ role: 'tool', content: 'a' }] }],
    ['messages.0.content', { messages: [{ role: 'user', content: 1 }] }],
    ['messages', { messages: undefined }],
    ['max_tokens', { max_tokens: undefined }],
    ['model', { model: undefined }],
    ['temperature', { temperature: 2 }],
    ['prompt', { prompt: 'a' }],
    ['headers', { headers: {} }],
  ])('an invalid %s, by name', async (field, more) => {
    await refuses(client, field, ask('a', more));
  });

  it.each<[string, object]>([
    ['service_tier', { service_tier: 'auto' }],
    ['container', { container: 'c' }],
    ['messages.0.role', { messages: [{ role: 'system', content: 'a' }] }],
    ['messages.0.content.0.type', { messages: [{ role: 'user', content: [{ type: 'video' }] }] }],
    ['messages.0.name', { messages: [{ role: 'user', content: 'a', name: 'b' }] }],
    ['messages.0.content', { messages: [{ role: 'user', content: ' ' }] }],
    ['metadata.email', { metadata: { email: 'a@b.example' } }],
    ['tools.0.type', { tools: [{ type: 'web_search_20260318', name: 'web_search', input_schema: {} }] }],
  ])('with STRICT_FIELDS, an unknown %s, by name', async (field, more) => {
    await refuses(clientOf(strict), field, ask('a', more));
  });

  it.each(['anthropic-beta', 'anthropic-workspace-id', 'anthropic-version'])(
    'with STRICT_FIELDS, a header %s, by name',
    async (name) => {
      const headers = { [name]: 'something' };
      await refuses(clientOf(strict), name, ask('a'), { headers });
    },
  );

  it('too large texts and bodies', async () => {
    expect(await errorOf(ask('a'.repeat(50_001)))).toMatchObject({ status: 413, type: 'request_too_large' });
    expect(await errorOf(ask('a'.repeat(100_001)))).toMatchObject({ status: 413, type: 'request_too_large' });
  });

  it('a body that is not JSON', async () => {
    const init = jsonPost('{"model":');
    const response = await fetch(`${gateway.url}/v1/messages`, {
      ...init,
      headers: { ...init.headers, 'x-api-key': KEY },
    });
    expect([response.status, await response.json()]).toEqual([
      400,
      {
        type: 'error',
        error: { type: 'invalid_request_error', message: expect.stringContaining('body') },
        request_id: response.headers.get('request-id'),
      },
    ]);
  });
});

describe('retries of the SDK', () => {
  it('do not happen after a timeout, because the message may have been paid for', async () => {
    const error = await errorOf(ask('[[api silent]] once'), clientOf(hasty, 2));
    expect(error).toBeInstanceOf(GatewayTimeoutError);
    expect(error).toMatchObject({ status: 504, type: 'timeout_error' });
    expect(error.headers?.get('x-should-retry')).toBe('false');
    expect(api.calls).toHaveLength(1);
    expect(await api.calls[0]?.ended).toBe('gone');
  });

  it('happen where they can help', async () => {
    api.script.push('overloaded', 'text at last');
    const message = await clientOf(gateway, 2).messages.create(ask('try'));
    expect(message.content).toMatchObject([{ text: 'at last' }]);
    expect(api.calls).toHaveLength(2);
  });
});

describe('a client that disconnects', () => {
  it.each([false, true])('ends its request at the API (stream: %s)', async (stream) => {
    const controller = new AbortController();
    const answer = client.messages.create(
      { ...ask(`[[api silent]] leave ${stream}`), stream },
      { signal: controller.signal },
    );
    const { ended } = await api.call(0);
    controller.abort();
    await expect(answer).rejects.toBeInstanceOf(APIUserAbortError);
    expect(await within(ended, { what: 'the end of the request at the API' })).toBe('gone');
  });
});
