import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MessagesApi } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const KEY = 'team-key-0123456789abcdef';
const MISS = 'redis-cache; fwd=miss; stored';

let api: MessagesApi;
let gateway: Gateway;
let client: Anthropic;
let prompts = 0;

beforeAll(async () => {
  api = await MessagesApi.start();
  gateway = await startGateway({
    WORKER_EXECUTOR: 'anthropic',
    ANTHROPIC_MAX_RETRIES: '0',
    API_KEYS: `team:${KEY}`,
    ...api.env,
  });
  client = new Anthropic({ baseURL: gateway.url, apiKey: KEY, maxRetries: 0 });
});

afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

beforeEach(() => {
  api.calls.length = 0;
  prompts += 1;
});

/** A request that no other test has made. */
const ask = (text: string, more: Partial<Anthropic.MessageCreateParamsNonStreaming> = {}) => ({
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: `${text} (${prompts})` }],
  ...more,
});

describe('the official SDK on the gateway', () => {
  it('gets a message as from the API, then the same from the cache with another id', async () => {
    const request = ask('[[api text forty-two]]');
    const first = await client.messages.create(request).withResponse();
    expect(first.data).toEqual({
      id: expect.stringMatching(/^msg_[0-9a-f]{24}$/),
      type: 'message',
      role: 'assistant',
      model: 'claude-haiku-4-5',
      content: [{ type: 'text', text: 'forty-two', citations: null }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: {
        input_tokens: 11,
        output_tokens: 7,
        cache_creation_input_tokens: 20,
        cache_read_input_tokens: 100,
        cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 15 },
        output_tokens_details: { thinking_tokens: 2 },
        server_tool_use: null,
        service_tier: 'standard',
        speed: 'standard',
        inference_geo: 'global',
      },
    });
    expect(first.response.headers.get('cache-status')).toBe(MISS);
    expect(first.request_id).toBe('req_test');

    const second = await client.messages.create(request).withResponse();
    expect(second.data).toEqual({ ...first.data, id: expect.not.stringMatching(first.data.id) });
    expect(second.response.headers.get('cache-status')).toMatch(/^redis-cache; hit; ttl=\d+$/);
    expect(second.request_id).toBe(second.response.headers.get('x-request-id'));
    expect(second.response.headers.get('age')).toMatch(/^\d+$/);
    expect(api.calls).toHaveLength(1);
  });

  it('passes every field to the API unchanged', async () => {
    const request = ask('Look at this.', {
      messages: [
        {
          role: 'user',
          content: [{ type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } }],
        },
        { role: 'assistant', content: 'A cat.' },
        { role: 'user', content: `Sure? ${prompts}` },
      ],
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      stop_sequences: ['END'],
      tools: [{ name: 'look', description: 'Looks.', input_schema: { type: 'object', properties: {} } }],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      thinking: { type: 'enabled', budget_tokens: 1024 },
      output_config: { effort: 'low', format: { type: 'json_schema', schema: { type: 'object' } } },
      metadata: { user_id: 'u-1' },
    });
    await client.messages.create(request);
    expect(api.calls[0]?.body).toEqual({ ...request, stream: true });
  });

  it.each([
    [
      'refusal',
      { stop_reason: 'refusal', stop_details: { type: 'refusal', category: 'cyber', explanation: null } },
    ],
    ['max-tokens', { stop_reason: 'max_tokens' }],
  ])('gets a message that ends as %s, which is not cached', async (behaviour, answer) => {
    for (let round = 1; round <= 2; round += 1) {
      const { data, response } = await client.messages.create(ask(`[[api ${behaviour}]]`)).withResponse();
      expect(data).toMatchObject(answer);
      expect([api.calls.length, response.headers.get('cache-status')]).toEqual([
        round,
        'redis-cache; fwd=miss',
      ]);
    }
  });

  it.each([
    ['stop-sequence', { stop_reason: 'stop_sequence', stop_sequence: 'three' }],
    ['tool-use', { stop_reason: 'tool_use', content: [{ type: 'text' }, { id: 'toolu_1', name: 'look' }] }],
  ])('gets a message that ends by %s, also from the cache', async (behaviour, answer) => {
    for (let round = 1; round <= 2; round += 1) {
      expect(await client.messages.create(ask(`[[api ${behaviour}]]`))).toMatchObject(answer);
    }
    expect(api.calls).toHaveLength(1);
  });

  it('shares an entry between equivalent requests, also for different end users', async () => {
    const text = `[[api text shared]] (${prompts})`;
    const requests: Anthropic.MessageCreateParamsNonStreaming[] = [
      ask('[[api text shared]]', { metadata: { user_id: 'one' } }),
      ask('', {
        messages: [{ role: 'user', content: [{ type: 'text', text }] }],
        metadata: { user_id: 'two' },
      }),
      ask('[[api text shared]]', { stop_sequences: [], tools: [] }),
    ];
    for (const request of requests) await client.messages.create(request);
    const response = await fetch(`${gateway.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': KEY },
      body: JSON.stringify({ prompt: text, model: 'claude-haiku-4-5', max_tokens: 100 }),
    });
    expect(await response.json()).toMatchObject({ completion: 'shared', cached: true });
    expect(api.calls).toHaveLength(1);
    expect(api.calls[0]?.body['metadata']).toEqual({ user_id: 'one' });
  });

  it('pays once for requests at the same time', async () => {
    const request = ask('[[api gate]]');
    const answers = Promise.all(
      Array.from({ length: 10 }, () => client.messages.create(request).withResponse()),
    );
    (await api.call(0)).gate.emit('open');
    const ids = new Set((await answers).map(({ data }) => data.id));
    expect([ids.size, api.calls.length]).toEqual([10, 1]);
  });

  it('controls the cache by Cache-Control', async () => {
    const request = ask('[[api text anew]]');
    const withControl = (value: string) =>
      client.messages.create(request, { headers: { 'cache-control': value } });
    await expect(withControl('only-if-cached')).rejects.toMatchObject({ status: 504, type: 'timeout_error' });
    expect(api.calls).toHaveLength(0);
    await client.messages.create(request);
    const { response } = await withControl('no-cache').withResponse();
    expect(response.headers.get('cache-status')).toBe('redis-cache; fwd=request; stored');
    expect(api.calls).toHaveLength(2);
  });
});
