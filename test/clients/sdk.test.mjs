import Anthropic, { toFile } from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { bothWays, servers } from './support/both-ways.mjs';
import { TEAM_KEY } from './support/gateway.mjs';
import { UPSTREAM_KEY } from './support/stand-in.mjs';

const all = servers();
const MODEL = 'claude-sonnet-5-5';
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const clientOf = (baseURL, apiKey) => new Anthropic({ baseURL, apiKey, maxRetries: 0 });
const ask = (text, more = {}) => ({
  model: MODEL,
  max_tokens: 100,
  messages: [{ role: 'user', content: text }],
  ...more,
});

const sent = (make) => (url, key, unique) => clientOf(url, key).messages.create(make(unique));
const streamedBy = (make) => (url, key, unique) =>
  clientOf(url, key).messages.stream(make(unique)).finalMessage();

/** Sends the request both ways, whole. */
const whole = (make, options) => () => bothWays(all, sent(make), options);

/** Sends the request both ways, as a stream. */
const streamed = (make, options) => () => bothWays(all, streamedBy(make), options);

async function failureOf(status, url, key) {
  const error = await clientOf(url, key)
    .messages.create(ask(`[[status ${status}]]`))
    .catch((reason) => reason);
  const { request_id: _, ...body } = error.error;
  return { status: error.status, type: error.type, body, after: error.headers.get('retry-after') };
}

const LOOK = { name: 'look', description: 'Looks.', input_schema: { type: 'object', properties: {} } };

const requests = {
  'a plain text': (unique) => ask(`Hello. ${unique}`),
  'a system prompt, turns and every general field': (unique) =>
    ask('', {
      messages: [
        { role: 'user', content: [{ type: 'text', text: `One. ${unique}` }] },
        { role: 'assistant', content: 'Two.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Three.' },
            { type: 'text', text: 'Four.' },
          ],
        },
        { role: 'system', content: 'Be kind.' },
      ],
      system: [{ type: 'text', text: 'Be brief.' }],
      stop_sequences: [],
      tools: [],
      metadata: { user_id: 'u-1' },
      service_tier: 'auto',
      inference_geo: 'us',
      speed: 'standard',
      diagnostics: { previous_message_id: null },
      user_profile_id: 'profile-1',
    }),
  'a tool call': (unique) =>
    ask(`[[tool look {"where":["here","there"],"deep":true}]] ${unique}`, { tools: [LOOK] }),
  thinking: (unique) => ask(`[[think]] ${unique}`, { thinking: { type: 'enabled', budget_tokens: 1024 } }),
  'adaptive thinking': (unique) => ask(`[[think]] ${unique}`, { thinking: { type: 'adaptive' } }),
  'redacted thinking': (unique) => ask(`[[redacted]] ${unique}`),
  'an image': (unique) =>
    ask('', {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
            { type: 'text', text: `What is it? ${unique}` },
          ],
        },
      ],
    }),
  'a document with citations': (unique) =>
    ask('', {
      messages: [
        {
          role: 'user',
          content: [
            {
              type: 'document',
              source: { type: 'text', media_type: 'text/plain', data: 'hello' },
              title: 'Doc',
              citations: { enabled: true },
            },
            { type: 'text', text: `[[cite]] ${unique}` },
          ],
        },
      ],
    }),
  'a search by the API': (unique) =>
    ask(`[[search]] ${unique}`, {
      tools: [{ type: 'web_search_20260318', name: 'web_search', max_uses: 2 }],
    }),
  'client tools of the API': (unique) =>
    ask(`[[tool bash {"command":"ls"}]] ${unique}`, {
      tools: [
        { type: 'bash_20250124', name: 'bash' },
        { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool', max_characters: 1000 },
        { type: 'memory_20250818', name: 'memory' },
        { type: 'computer_20250124', name: 'computer', display_width_px: 100, display_height_px: 100 },
      ],
    }),
  'prompt caching': (unique) =>
    ask(`Hello. ${unique}`, {
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
      cache_control: { type: 'ephemeral' },
    }),
  'blocks of a search for tools and of a container': (unique) =>
    ask('', {
      messages: [
        { role: 'user', content: `Hello. ${unique}` },
        {
          role: 'assistant',
          content: [
            {
              type: 'server_tool_use',
              id: 'srvtoolu_9',
              name: 'tool_search_tool_regex',
              input: { query: 'x' },
            },
            {
              type: 'tool_search_tool_result',
              tool_use_id: 'srvtoolu_9',
              content: {
                type: 'tool_search_tool_search_result',
                tool_references: [{ type: 'tool_reference', tool_name: 'look' }],
              },
            },
            { type: 'tool_use', id: 'toolu_9', name: 'look', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'toolu_9',
              content: [{ type: 'tool_reference', tool_name: 'look' }],
            },
            { type: 'container_upload', file_id: 'file_1' },
          ],
        },
      ],
      tools: [
        { ...LOOK, defer_loading: true },
        { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' },
      ],
    }),
  'an edited context': (unique) => ask(`[[edited]] ${unique}`),
};

describe('the official SDK', () => {
  for (const [name, make] of Object.entries(requests)) {
    it(`gets the same through the gateway: ${name}`, whole(make));
    it(`gets the same as a stream: ${name}`, streamed(make));
  }

  for (const mark of ['cut', 'refuse']) {
    it(
      `gets an answer that is not kept: ${mark}`,
      whole((unique) => ask(`[[${mark}]] ${unique}`), { hits: false }),
    );
  }

  it(
    'is not served a stored answer for a request with a container',
    whole((unique) => ask(`Hello. ${unique}`, { container: 'container_1' }), { hits: false }),
  );

  it(
    'is not served a stored answer where the API runs code',
    whole(
      (unique) =>
        ask(`Hello. ${unique}`, { tools: [{ type: 'code_execution_20250825', name: 'code_execution' }] }),
      { hits: false },
    ),
  );

  it('continues a thread at the API if the API takes it, and is never served a stored answer', async () => {
    all.api.threads = true;
    const { calls } = await bothWays(
      all,
      (url, key, unique) =>
        clientOf(url, key).beta.messages.create(
          ask(`Hello. ${unique}`, { betas: ['message-threads-2026-08-12'], thread: { type: 'new' } }),
        ),
      { hits: false },
    );
    assert.deepEqual(calls[0].body.thread, { type: 'new' });
  });

  it("gets the API's own refusal of a thread", async () => {
    const refusals = await Promise.all(
      [
        [all.api.url, UPSTREAM_KEY],
        [all.gateway.url, TEAM_KEY],
      ].map(([url, key]) =>
        clientOf(url, key)
          .beta.messages.create(
            ask('Hello.', { betas: ['message-threads-2026-08-12'], thread: { type: 'new' } }),
          )
          .catch(({ status, error }) => ({ status, error: error.error })),
      ),
    );
    assert.deepEqual(refusals[1], refusals[0]);
    assert.equal(refusals[0].error.details.error_code, 'thread_unsupported_request');
  });

  it('gets the request id and the limits of the API with a miss', async () => {
    const { response } = await clientOf(all.gateway.url, TEAM_KEY)
      .messages.create(ask('Hello, limits.'))
      .withResponse();
    assert.match(response.headers.get('request-id'), /^req_\d+$/);
    assert.equal(response.headers.get('anthropic-ratelimit-requests-remaining'), '3999');
    assert.equal(response.headers.get('anthropic-organization-id'), null);
  });

  it('accepts max_tokens 0', async () => {
    const { calls } = await whole((unique) => ask(`[[cut]] ${unique}`, { max_tokens: 0 }), { hits: false })();
    assert.equal(calls[0].body.max_tokens, 0);
  });

  it('runs a tool in two turns', async () => {
    await bothWays(all, async (url, key, unique) => {
      const client = clientOf(url, key);
      const question = { role: 'user', content: `[[tool look {"where":"here"}]] ${unique}` };
      const first = await client.messages.create(ask('', { messages: [question], tools: [LOOK] }));
      const { id } = first.content.find(({ type }) => type === 'tool_use');
      const result = {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: id, content: 'nothing' }],
      };
      const messages = [question, { role: 'assistant', content: first.content }, result];
      return [first, await client.messages.create(ask('', { messages, tools: [LOOK] }))];
    });
  });

  it('parses a structured answer', async () => {
    const format = zodOutputFormat(z.object({ city: z.string(), people: z.number() }));
    const { result } = await bothWays(all, async (url, key, unique) => {
      const request = ask(`[[format]] ${unique}`, { output_config: { format } });
      return (await clientOf(url, key).messages.parse(request)).parsed_output;
    });
    assert.deepEqual(result, { city: 'Paris', people: 2_000_000 });
  });

  it('parses a structured answer with the beta', async () => {
    const format = zodOutputFormat(z.object({ city: z.string(), people: z.number() }));
    const { calls } = await bothWays(all, async (url, key, unique) => {
      const request = ask(`[[format]] ${unique}`, { output_config: { format } });
      return (await clientOf(url, key).beta.messages.parse(request)).parsed_output;
    });
    assert.match(calls[0].headers['anthropic-beta'], /structured-outputs/);
  });

  it('counts tokens, also with the beta', async () => {
    await bothWays(all, async (url, key, unique) => {
      const request = { model: MODEL, messages: [{ role: 'user', content: unique }], system: 'Be brief.' };
      const client = clientOf(url, key);
      return [await client.messages.countTokens(request), await client.beta.messages.countTokens(request)];
    });
  });

  it('passes betas and what they bring', async () => {
    const { calls } = await bothWays(all, (url, key, unique) =>
      clientOf(url, key).beta.messages.create(
        ask(`[[edited]] ${unique}`, {
          betas: [
            'interleaved-thinking-2025-05-14',
            'context-management-2025-06-27',
            'new-capability-2027-01-01',
          ],
          context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
          new_capability: { level: 3 },
        }),
      ),
    );
    assert.match(calls[0].headers['anthropic-beta'], /new-capability/);
  });

  it('shares an answer between requests with the same betas in another order, and not between others', async () => {
    const client = clientOf(all.gateway.url, TEAM_KEY);
    const withBetas = (...betas) => client.beta.messages.create(ask('[[say betas]]', { betas }));
    await withBetas('interleaved-thinking-2025-05-14', 'context-1m-2025-08-07');
    await withBetas('context-1m-2025-08-07', 'interleaved-thinking-2025-05-14');
    assert.equal(all.api.calls.length, 1);
    await withBetas('interleaved-thinking-2025-05-14');
    assert.equal(all.api.calls.length, 2);
  });

  it('runs tools with the tool runner', async () => {
    const weather = betaZodTool({
      name: 'weather',
      description: 'Weather of a city.',
      inputSchema: z.object({ city: z.string() }),
      run: ({ city }) => `sunny in ${city}`,
    });
    const { result } = await bothWays(all, (url, key, unique) => {
      const messages = [{ role: 'user', content: `[[tool weather {"city":"Paris"}]] ${unique}` }];
      return clientOf(url, key).beta.messages.toolRunner({
        model: MODEL,
        max_tokens: 100,
        messages,
        tools: [weather],
      });
    });
    assert.equal(result.content[0].text, 'The tool said: sunny in Paris');
  });

  it('lists the models', async () => {
    const client = clientOf(all.gateway.url, TEAM_KEY);
    const found = [];
    for await (const model of client.models.list({ limit: 2 })) found.push(model.id);
    assert.deepEqual(found, ['claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-opus-5-5']);
    const model = await client.models.retrieve('claude-haiku-5-5');
    assert.equal(model.display_name, 'Claude Haiku 5.5');
    await assert.rejects(client.models.retrieve('claude-none'), { status: 404, type: 'not_found_error' });
  });

  it('ends the call of the API when it aborts', async () => {
    const client = clientOf(all.gateway.url, TEAM_KEY);
    const stream = client.messages.stream(ask('[[hang]]'));
    stream.done().catch(() => {});
    while (all.api.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stream.abort();
    assert.equal(await all.api.calls[0].gone, true);
  });

  for (const status of [400, 413, 429, 500, 529]) {
    it(`gets the API's own error: ${status}`, async () => {
      const direct = await failureOf(status, all.api.url, UPSTREAM_KEY);
      assert.deepEqual(await failureOf(status, all.gateway.url, TEAM_KEY), direct);
    });
  }

  it('gets 401 in the form of the API for a wrong key', async () => {
    const error = await clientOf(all.gateway.url, 'wrong')
      .messages.create(ask('x'))
      .catch((reason) => reason);
    assert.equal(error.status, 401);
    assert.equal(error.type, 'authentication_error');
  });

  for (const [status, calls] of [
    [429, 1],
    [529, 1],
    [500, 1],
  ]) {
    it(`costs one request of the gateway's own attempts for a ${status}`, async () => {
      const client = new Anthropic({ baseURL: all.gateway.url, apiKey: TEAM_KEY, maxRetries: 2 });
      await assert.rejects(client.messages.create(ask(`[[status ${status}]] retries`)), { status });
      assert.equal(all.api.calls.length, calls * 3);
    });
  }

  for (const mark of ['break', 'fail']) {
    it(`never pays twice for an answer that broke off: ${mark}`, async () => {
      const client = new Anthropic({ baseURL: all.gateway.url, apiKey: TEAM_KEY, maxRetries: 2 });
      await assert.rejects(client.messages.create(ask(`[[${mark}]] retries`)));
      assert.equal(all.api.calls.length, 1);
    });
  }

  it('gets a clear 404 for batches and files', async () => {
    const client = clientOf(all.gateway.url, TEAM_KEY);
    await assert.rejects(client.messages.batches.list(), { status: 404, type: 'not_found_error' });
    const file = await toFile(Buffer.from('x'), 'x.txt', { type: 'text/plain' });
    await assert.rejects(client.files.upload({ file }), { status: 404, type: 'not_found_error' });
  });
});
