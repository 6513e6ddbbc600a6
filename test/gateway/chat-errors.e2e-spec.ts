import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MessagesApi } from '@test/support/index.js';
import { lineOf } from './log-lines.js';
import { type Gateway, jsonPost, overApi, startGateway } from './start-gateway.js';

const KEY = 'team-key-0123456789abcdef';

let api: MessagesApi;
let gateway: Gateway;
/** Repeats what failed at the API. */
let patient: Gateway;
/** Computes on its own. */
let offline: Gateway;

beforeAll(async () => {
  api = await MessagesApi.start();
  const env = { ...overApi(api, KEY), MAX_PROMPT_BYTES: '50000', MAX_BODY_BYTES: '100000' };
  [gateway, patient, offline] = await Promise.all([
    startGateway(env),
    startGateway({ ...env, ANTHROPIC_MAX_RETRIES: '1' }),
    startGateway(),
  ]);
});

afterAll(async () => {
  await Promise.all([gateway, patient, offline].map((one) => one?.stop()));
  await api?.stop();
});

beforeEach(() => {
  api.calls.length = 0;
});

const ask = (text: string, more: object = {}) => ({
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: text }],
  ...more,
});

const send = (path: string, body: unknown, { by = gateway, headers = {} }: SendOptions = {}) => {
  const init = jsonPost(body);
  const sent = { ...init.headers, authorization: `Bearer ${KEY}`, ...headers };
  return fetch(by.url + path, { ...init, headers: sent });
};

interface SendOptions {
  by?: Gateway;
  headers?: Record<string, string>;
}

async function errorOf(body: unknown, options?: SendOptions) {
  const response = await send('/v1/chat/completions', body, options);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const pictures = () => [
  { type: 'text', text: 'a' },
  { type: 'image_url', image_url: { url: 'file:///etc/passwd' } },
];

/** A chat with instructions in its middle. */
const later = (role: string) => [
  { role: 'system', content: 'a' },
  { role: 'user', content: 'a' },
  { role, content: 'b' },
];

describe('errors of a chat', () => {
  it.each<[string, number, object]>([
    [
      'invalid',
      400,
      { type: 'invalid_request_error', message: expect.stringContaining('max_tokens: too many') },
    ],
    ['rate-limit 7', 429, { type: 'rate_limit_error', code: 'rate_limit_exceeded', message: 'too fast' }],
    ['broken', 500, { type: 'server_error', message: 'Internal server error' }],
    ['overloaded', 529, { type: 'server_error', message: 'Overloaded' }],
    ['forbidden', 502, { type: 'server_error' }],
    ['cut', 502, { type: 'server_error' }],
  ])('after “%s” of the API', async (behaviour, status, error) => {
    const found = await errorOf(ask(`[[api ${behaviour}]]`));
    expect(found.status).toBe(status);
    expect(found.body).toEqual({
      error: {
        message: expect.any(String),
        type: expect.any(String),
        param: null,
        code: expect.any(String),
        ...error,
      },
    });
    expect(found.headers.get('retry-after')).toBe(status === 429 ? '7' : null);
    expect(api.calls).toHaveLength(1);
  });

  it('of the key', async () => {
    const found = await errorOf(ask('a'), { headers: { authorization: 'Bearer wrong' } });
    expect(found).toMatchObject({
      status: 401,
      body: { error: { type: 'invalid_request_error', code: 'invalid_api_key', param: null } },
    });
  });

  it.each<[string, unknown, number]>([
    ['body', '{"model":', 400],
    ['body', ask('a'.repeat(100_001)), 413],
    ['messages', ask('a'.repeat(50_001)), 413],
    ['n', ask('a', { n: 2 }), 400],
    ['temperature', ask('a', { temperature: 1.5 }), 400],
    ['max_completion_tokens', { ...ask('a'), max_tokens: undefined, max_completion_tokens: -1 }, 400],
    ['stream_options', ask('a', { stream_options: { include_usage: true } }), 400],
    [
      'messages.0.content.1.image_url.url',
      ask('', { messages: [{ role: 'user', content: pictures() }] }),
      400,
    ],
  ])('name the parameter %s', async (param, body, status) => {
    const found = await errorOf(body);
    expect([found.status, found.body]).toEqual([
      status,
      {
        error: expect.objectContaining({
          type: 'invalid_request_error',
          param,
          message: expect.stringContaining(param),
        }),
      },
    ]);
    expect(api.calls).toHaveLength(0);
  });

  it.each<[string, object]>([
    ['stop', { stop: 'END' }],
    ['tools', { tools: [{ type: 'function', function: { name: 'look' } }] }],
    ['user', { user: 'someone' }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['response_format', { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: {} } } }],
    ['reasoning_effort', { reasoning_effort: 'low' }],
    ['messages.2', { messages: later('system') }],
  ])('name the parameter %s that another executor cannot honour', async (param, more) => {
    const found = await errorOf(ask('a', more), { by: offline });
    expect(found).toMatchObject({ status: 400, body: { error: { param } } });
  });

  it('tell clients not to repeat what the gateway has repeated', async () => {
    const found = await errorOf(ask('[[api overloaded]]'), { by: patient });
    expect([found.status, found.headers.get('x-should-retry'), api.calls.length]).toEqual([529, 'false', 2]);
  });

  it('are logged with the route and the tenant', async () => {
    await errorOf(ask('a', { n: 3 }), { headers: { 'x-request-id': 'three' } });
    const line = { route: '/v1/chat/completions', tenant: 'team', status: 400 };
    expect(await lineOf(gateway, 'three')).toMatchObject(line);
  });
});
