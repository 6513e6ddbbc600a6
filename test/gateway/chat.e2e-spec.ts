import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MessagesApi } from '@test/support/index.js';
import { EventReader } from './event-reader.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

const KEY = 'team-key-0123456789abcdef';
const MISS = 'redis-cache; fwd=miss; stored';
const HIT = /^redis-cache; hit; ttl=\d+$/;

let api: MessagesApi;
let gateway: Gateway;
/** Pings at once. */
let restless: Gateway;
let prompts = 0;

beforeAll(async () => {
  api = await MessagesApi.start();
  const env = {
    WORKER_EXECUTOR: 'anthropic',
    ANTHROPIC_MAX_RETRIES: '0',
    API_KEYS: `team:${KEY}`,
    ...api.env,
  };
  [gateway, restless] = await Promise.all([
    startGateway({ ...env, MESSAGES_PING_MS: '600000' }),
    startGateway({ ...env, MESSAGES_PING_MS: '20' }),
  ]);
});

afterAll(async () => {
  await Promise.all([gateway?.stop(), restless?.stop()]);
  await api?.stop();
});

beforeEach(() => {
  api.calls.length = 0;
  prompts += 1;
});

const withKey = { authorization: `Bearer ${KEY}` };

const post = (path: string, body: object, headers: Record<string, string> = {}) => {
  const init = jsonPost(body);
  return fetch(gateway.url + path, { ...init, headers: { ...init.headers, ...withKey, ...headers } });
};

const chat = (body: object, headers?: Record<string, string>) => post('/v1/chat/completions', body, headers);

/** A chat that no other test has sent. */
const ask = (text: string, more: object = {}) => ({
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: `${text} (${prompts})` }],
  ...more,
});

const TOOLS = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }];

describe('a chat on the gateway', () => {
  it('gets an answer, then the same from the cache with another id', async () => {
    const first = await chat(ask('[[api text forty-two]]'));
    const answer = (await first.json()) as { id: string; created: number };
    expect(answer).toEqual({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{24}$/),
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'claude-haiku-4-5',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'forty-two', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 131,
        completion_tokens: 7,
        total_tokens: 138,
        prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 20 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
    });
    expect(first.headers.get('cache-status')).toBe(MISS);
    expect(first.headers.get('request-id')).toBe('req_test');

    const second = await chat(ask('[[api text forty-two]]'));
    expect(await second.json()).toEqual({
      ...answer,
      id: expect.not.stringMatching(answer.id),
      created: expect.closeTo(answer.created, -1),
    });
    expect(second.headers.get('cache-status')).toMatch(HIT);
    expect(second.headers.get('age')).toMatch(/^\d+$/);
    expect(api.calls).toHaveLength(1);
  });

  it('reaches the API as the equivalent message, and shares its entry, whoever asks first', async () => {
    const text = `[[api tool-use]] (${prompts})`;
    const message = {
      model: 'claude-haiku-4-5',
      max_tokens: 100,
      system: 'Be brief.',
      messages: [
        { role: 'user', content: text },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'look', input: { deep: true } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'nothing' }] },
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } },
            { type: 'text', text: 'And here?' },
          ],
        },
      ],
      tools: [{ name: 'look', input_schema: { type: 'object' } }],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      stop_sequences: ['END'],
      temperature: 0.5,
      output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
    };
    const call = { id: 'a', type: 'function', function: { name: 'look', arguments: '{"deep": true}' } };
    const asChat = {
      model: 'claude-haiku-4-5',
      max_completion_tokens: 100,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: text },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'a', content: 'nothing' },
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'https://a.example/b.png' } },
            { type: 'text', text: 'And here?' },
          ],
        },
      ],
      tools: TOOLS,
      parallel_tool_calls: false,
      stop: 'END',
      temperature: 0.5,
      response_format: { type: 'json_schema', json_schema: { name: 'any', schema: { type: 'object' } } },
      user: 'someone',
    };
    const first = await chat(asChat);
    expect(first.headers.get('cache-status')).toBe(MISS);
    expect(await first.json()).toMatchObject({
      choices: [
        {
          message: {
            content: 'Let me look.',
            tool_calls: [
              {
                id: 'toolu_1',
                type: 'function',
                function: { name: 'look', arguments: '{"where":["here","there"],"deep":true}' },
              },
            ],
          },
          finish_reason: 'tool_calls',
        },
      ],
    });
    expect(api.calls[0]?.body).toEqual({ ...message, metadata: { user_id: 'someone' }, stream: true });

    const second = await post('/v1/messages', message);
    expect(second.headers.get('cache-status')).toMatch(HIT);
    await post('/v1/messages', { ...message, stop_sequences: ['FINIS'] });
    const third = await chat({ ...asChat, stop: ['FINIS'] });
    expect(third.headers.get('cache-status')).toMatch(HIT);
    expect(api.calls).toHaveLength(2);
  });

  it.each([
    ['refusal', 'content_filter', 'I cannot'],
    ['max-tokens', 'length', 'An answer that'],
  ])('that ends as %s has the reason %s and is not cached', async (behaviour, finish_reason, content) => {
    for (let round = 1; round <= 2; round += 1) {
      const response = await chat(ask(`[[api ${behaviour}]]`));
      expect(await response.json()).toMatchObject({ choices: [{ message: { content }, finish_reason }] });
      expect(response.headers.get('cache-status')).toBe('redis-cache; fwd=miss');
      expect(api.calls).toHaveLength(round);
    }
  });

  it('shares an answer with the same seed only', async () => {
    const seeds = [undefined, 1, 1, 2, undefined];
    for (const seed of seeds) await chat(ask('[[api text seeded]]', { seed }));
    expect(api.calls).toHaveLength(3);
    for (const { body } of api.calls) expect(body).not.toHaveProperty('seed');
  });

  it('pays once for chats and messages at the same time, streamed or not', async () => {
    const request = ask('[[api gate]]');
    const responses = Promise.all([
      chat(request),
      chat({ ...request, stream: true }),
      post('/v1/messages', request),
      post('/v1/messages', { ...request, stream: true }),
    ]);
    (await api.call(0)).gate.emit('open');
    for (const response of await responses) expect(await response.text()).toContain('through ');
    expect(api.calls).toHaveLength(1);
  });

  it('controls the cache by Cache-Control', async () => {
    const refused = await chat(ask('[[api text anew]]'), { 'cache-control': 'only-if-cached' });
    expect(refused.status).toBe(504);
    expect(refused.headers.get('cache-status')).toBe('redis-cache; detail=only-if-cached');
    expect(await refused.json()).toMatchObject({ error: { code: 'ERR_ONLY_IF_CACHED', param: null } });
    await chat(ask('[[api text anew]]'));
    const again = await chat(ask('[[api text anew]]'), { 'cache-control': 'no-cache' });
    expect(again.headers.get('cache-status')).toBe('redis-cache; fwd=request; stored');
    expect(api.calls).toHaveLength(2);
  });
});

const openStream = (body: object) =>
  EventReader.post(gateway, '/v1/chat/completions', { ...body, stream: true }, withKey);

describe('a streamed chat', () => {
  it('gets chunks, also at once from the cache, and the usage if it wants it', async () => {
    // The API sends the text in two pieces; from the cache it is one.
    const rounds = [
      { status: /^redis-cache; fwd=miss$/, texts: ['in p', 'ieces'] },
      { status: HIT, texts: ['in pieces'] },
    ];
    for (const { status, texts } of rounds) {
      const response = await chat({
        ...ask('[[api text in pieces]]'),
        stream: true,
        stream_options: { include_usage: true },
      });
      expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
      expect(response.headers.get('cache-status')).toMatch(status);
      const events = (await response.text()).split('\n\n');
      expect(events.splice(-2)).toEqual(['data: [DONE]', '']);
      const chunks = events.map((event) => JSON.parse(event.replace('data: ', '')) as Chunk);
      expect(chunks.map(({ choices: [choice] }) => choice?.delta)).toEqual([
        { role: 'assistant', content: '', refusal: null },
        ...texts.map((content) => ({ content })),
        {},
        undefined,
      ]);
      expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
      expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 131, completion_tokens: 7 });
      expect(chunks.every(({ object }) => object === 'chat.completion.chunk')).toBe(true);
    }
    expect(api.calls).toHaveLength(1);
  });

  it('gets each piece when the API has sent it', async () => {
    const opening = openStream(ask('[[api steps One.|Two.]]'));
    const { steps } = await api.call(0);
    await steps.send(4);
    const reader = await opening;
    expect(await reader.take(2)).toMatchObject([
      { data: { choices: [{ delta: { role: 'assistant' } }] } },
      { data: { choices: [{ delta: { content: 'One.' } }] } },
    ]);
    await steps.send(1);
    expect(await reader.next()).toMatchObject({ data: { choices: [{ delta: { content: 'Two.' } }] } });
    await steps.rest();
    reader.leave();
  });

  it.each([
    ['late-overload', { message: 'Overloaded', type: 'server_error', code: 'ERR_ANTHROPIC_OVERLOADED' }],
    ['cut', { message: expect.stringContaining('broke off'), code: 'ERR_ANTHROPIC_CONNECTION' }],
  ])('that fails after its start ends with the error and without [DONE]: %s', async (behaviour, error) => {
    const response = await chat({ ...ask(`[[api ${behaviour}]]`), stream: true });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).not.toContain('[DONE]');
    const last = text.split('\n\n').at(-2)!;
    expect(JSON.parse(last.replace('data: ', ''))).toEqual({
      error: expect.objectContaining({ param: null, ...error }),
    });
    expect(api.calls).toHaveLength(1);
  });

  it('begins with comments if its first piece is late', async () => {
    const init = jsonPost({ ...ask('[[api gate]]'), stream: true });
    const headers = { ...init.headers, ...withKey };
    const response = await fetch(`${restless.url}/v1/chat/completions`, { ...init, headers });
    (await api.call(0)).gate.emit('open');
    const [first, ...events] = (await response.text()).split('\n\n').slice(0, -1);
    expect(first).toBe(': ping');
    expect(events.findLast((event) => event !== ': ping')).toBe('data: [DONE]');
  });

  it('that fails before its start is an ordinary error', async () => {
    const response = await chat({ ...ask('[[api overloaded]]'), stream: true });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      529,
      'application/json; charset=utf-8',
    ]);
  });

  it('ends the call of the API when the last client leaves', async () => {
    const reader = await openStream(ask('[[api hang]]'));
    await reader.next();
    reader.leave();
    expect(await api.calls[0]?.ended).toBe('gone');
  });
});

interface Chunk {
  object: string;
  choices: { delta: object; finish_reason: string | null }[];
  usage?: object | null;
}
