import Anthropic from '@anthropic-ai/sdk';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import OpenAI, {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  RateLimitError,
} from 'openai';
import { ContentFilterFinishReasonError, LengthFinishReasonError } from 'openai/error';
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { servers } from './support/both-ways.mjs';
import { TEAM_KEY } from './support/gateway.mjs';

const all = servers();
const MODEL = 'claude-sonnet-5-5';
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const clientOf = (options = {}) =>
  new OpenAI({ baseURL: `${all.gateway.url}/v1`, apiKey: TEAM_KEY, maxRetries: 0, ...options });

const ask = (text, more = {}) => ({
  model: MODEL,
  max_completion_tokens: 100,
  messages: [{ role: 'user', content: text }],
  ...more,
});

/** What the client got, without what is new in each response. */
const lasting = (value) =>
  JSON.parse(JSON.stringify(value).replace(/chatcmpl-[0-9a-f]+/g, 'id'), withoutTime);

const withoutTime = (name, value) => (name === 'created' ? 0 : value);

/**
 * Runs a client twice. Checks that it got the same both times, and that the second run was made of hits.
 *
 * @returns what it got, and the calls of the API in the first run
 */
async function twice(run) {
  const client = clientOf();
  const result = await run(client);
  const calls = [...all.api.calls];
  assert.ok(calls.length > 0, 'the first run calls the API');
  const again = await run(client);
  assert.equal(all.api.calls.length, calls.length, 'a second run is made of hits');
  assert.deepEqual(lasting(again ?? null), lasting(result ?? null), 'and the client gets the same');
  return { result, calls };
}

/** The body that reaches the API, without what the gateway adds. */
function bodyOf({ body: { stream: _, ...body } }) {
  return body;
}

async function collected(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const textOf = (chunks) => chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');

const weather = zodFunction({
  name: 'weather',
  description: 'Weather of a city.',
  parameters: z.object({ city: z.string() }),
  function: ({ city }) => `sunny in ${city}`,
});

const City = z.object({ city: z.string(), people: z.number() });

const parsed = (mark) =>
  clientOf().chat.completions.parse(ask(mark, { response_format: zodResponseFormat(City, 'city') }));

describe('the client of OpenAI', () => {
  it('gets an answer, and the same again from the cache', async () => {
    const { result, calls } = await twice((client) =>
      client.chat.completions.create(
        ask('', {
          messages: [
            { role: 'developer', content: 'Be brief.' },
            { role: 'user', content: 'One.' },
            { role: 'assistant', content: 'Two.' },
            { role: 'user', content: [{ type: 'text', text: '[[say hello]]' }] },
          ],
          stop: ['END'],
          user: 'u-1',
        }),
      ),
    );
    const [choice] = result.choices;
    assert.deepEqual([choice.message.content, choice.finish_reason], ['hello', 'stop']);
    assert.equal(result.usage.total_tokens, 138);
    assert.deepEqual(bodyOf(calls[0]), {
      model: MODEL,
      max_tokens: 100,
      system: 'Be brief.',
      messages: [
        { role: 'user', content: 'One.' },
        { role: 'assistant', content: 'Two.' },
        { role: 'user', content: [{ type: 'text', text: '[[say hello]]' }] },
      ],
      stop_sequences: ['END'],
      metadata: { user_id: 'u-1' },
    });
  });

  it('reads where an answer came from', async () => {
    const { response, request_id: id } = await clientOf()
      .chat.completions.create(ask('headers'))
      .withResponse();
    assert.equal(response.headers.get('cache-status'), 'redis-cache; fwd=miss; stored');
    assert.equal(response.headers.get('request-id'), 'req_000001');
    assert.equal(id, response.headers.get('x-request-id'));
  });

  it('streams an answer with its usage, live and from the cache', async () => {
    const request = ask('[[say hello]] streamed', { stream: true, stream_options: { include_usage: true } });
    const live = await collected(await clientOf().chat.completions.create(request));
    const stored = await collected(await clientOf().chat.completions.create(request));
    assert.equal(all.api.calls.length, 1);
    for (const chunks of [live, stored]) {
      assert.equal(textOf(chunks), 'hello');
      assert.equal(chunks.at(-2).choices[0].finish_reason, 'stop');
      assert.equal(chunks.at(-1).usage.prompt_tokens_details.cached_tokens, 100);
    }
    assert.ok(live.length > stored.length, 'the pieces of the API, and the stored text at once');
  });

  it('runs a tool in two turns', async () => {
    const { result, calls } = await twice(async (client) => {
      const { function: look } = weather;
      const tools = [{ type: 'function', function: look }];
      const question = { role: 'user', content: '[[tool weather {"city":"Paris"}]]' };
      const first = await client.chat.completions.create(ask('', { messages: [question], tools }));
      const { message, finish_reason } = first.choices[0];
      assert.equal(finish_reason, 'tool_calls');
      const [call] = message.tool_calls;
      assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Paris' });
      const said = { role: 'tool', tool_call_id: call.id, content: 'rain' };
      const messages = [question, message, said];
      return (await client.chat.completions.create(ask('', { messages, tools }))).choices[0].message.content;
    });
    assert.equal(result, 'The tool said: rain');
    assert.equal(calls.length, 2);
    assert.equal(bodyOf(calls[0]).tools[0].strict, true);
  });

  for (const stream of [false, true]) {
    it(`runs two tools at once${stream ? ', streamed' : ''}`, async () => {
      const { result, calls } = await twice((client) =>
        client.chat.completions
          .runTools(
            ask(`[[tool weather {"city":"Paris"}; weather {"city":"Oslo"}]] ${stream}`, {
              tools: [weather],
              stream,
            }),
          )
          .finalContent(),
      );
      assert.equal(result, 'The tool said: sunny in Paris and sunny in Oslo');
      const results = bodyOf(calls[1]).messages.at(-1).content;
      assert.deepEqual(
        results.map(({ type }) => type),
        ['tool_result', 'tool_result'],
      );
    });

    it(`runs tools with runTools${stream ? ', streamed' : ''}`, async () => {
      const { result, calls } = await twice((client) =>
        client.chat.completions
          .runTools(ask(`[[tool weather {"city":"Rome"}]] ${stream}`, { tools: [weather], stream }))
          .finalContent(),
      );
      assert.equal(result, 'The tool said: sunny in Rome');
      assert.equal(calls.length, 2);
    });
  }

  it('calls a tool without arguments in a stream', async () => {
    const tools = [{ type: 'function', function: { name: 'look' } }];
    const stream = clientOf().chat.completions.stream(ask('[[tool look {}]]', { tools }));
    const { message } = (await stream.finalChatCompletion()).choices[0];
    assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), {});
  });

  it('sends images', async () => {
    const { calls } = await twice((client) =>
      client.chat.completions.create(
        ask('', {
          messages: [
            {
              role: 'user',
              content: [
                { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
                { type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low' } },
                { type: 'text', text: 'What is it?' },
              ],
            },
          ],
        }),
      ),
    );
    assert.deepEqual(bodyOf(calls[0]).messages[0].content, [
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
      { type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } },
      { type: 'text', text: 'What is it?' },
    ]);
  });

  it('parses a structured answer', async () => {
    const response_format = zodResponseFormat(City, 'city');
    const { result, calls } = await twice(async (client) => {
      const answer = await client.chat.completions.parse(ask('[[format]]', { response_format }));
      return answer.choices[0].message.parsed;
    });
    assert.deepEqual(result, { city: 'Paris', people: 2_000_000 });
    const { format } = bodyOf(calls[0]).output_config;
    assert.deepEqual(format, { type: 'json_schema', schema: response_format.json_schema.schema });
  });

  it('asks for JSON without a schema', async () => {
    const { result, calls } = await twice((client) =>
      client.chat.completions.create(ask('[[format]] json', { response_format: { type: 'json_object' } })),
    );
    assert.equal(JSON.parse(result.choices[0].message.content).city, 'Paris');
    assert.match(bodyOf(calls[0]).system, /JSON/);
  });

  it('parses neither a truncated answer nor a refusal', async () => {
    await assert.rejects(parsed('[[cut]]'), LengthFinishReasonError);
    await assert.rejects(parsed('[[refuse]]'), ContentFilterFinishReasonError);
  });

  it('shares an answer with the client of Anthropic', async () => {
    const messages = [{ role: 'user', content: '[[say shared]]' }];
    const other = new Anthropic({ baseURL: all.gateway.url, apiKey: TEAM_KEY, maxRetries: 0 });
    const message = await other.messages.create({ model: MODEL, max_tokens: 100, messages });
    assert.equal(message.content[0].text, 'shared');
    const answer = await clientOf().chat.completions.create(ask('', { messages }));
    assert.equal(answer.choices[0].message.content, 'shared');
    assert.equal(all.api.calls.length, 1);
  });

  it('ends the call of the API when it aborts', async () => {
    const abort = new AbortController();
    const stream = await clientOf().chat.completions.create(ask('[[hang]]', { stream: true }), {
      signal: abort.signal,
    });
    await stream[Symbol.asyncIterator]().next();
    abort.abort();
    assert.equal(await all.api.calls[0].gone, true);
  });

  for (const [status, type, error] of [
    [400, 'invalid_request_error', BadRequestError],
    [413, 'invalid_request_error', APIError],
    [429, 'rate_limit_error', RateLimitError],
    [500, 'server_error', InternalServerError],
    [529, 'server_error', InternalServerError],
  ]) {
    it(`gets an error of the API in its own form: ${status}`, async () => {
      const reason = await clientOf()
        .chat.completions.create(ask(`[[status ${status}]]`))
        .catch((thrown) => thrown);
      assert.ok(reason instanceof error);
      assert.deepEqual(
        { status: reason.status, type: reason.type, message: reason.error.message, param: reason.param },
        { status, type, message: `the API says ${status}`, param: null },
      );
      assert.equal(reason.headers.get('retry-after'), status === 429 ? '1' : null);
    });

    it(`costs one request of the gateway's own attempts for a ${status}`, async () => {
      const client = clientOf({ maxRetries: 2 });
      await assert.rejects(client.chat.completions.create(ask(`[[status ${status}]] retries`)), { status });
      assert.equal(all.api.calls.length, status < 429 ? 1 : 3);
    });
  }

  it('gets 401 for a wrong key', async () => {
    const client = clientOf({ apiKey: 'wrong' });
    const reason = await client.chat.completions.create(ask('x')).catch((thrown) => thrown);
    assert.ok(reason instanceof AuthenticationError);
    assert.deepEqual([reason.status, reason.code], [401, 'invalid_api_key']);
  });

  for (const mark of ['break', 'fail']) {
    it(`gets the error of a stream that broke off, and never pays twice: ${mark}`, async () => {
      const client = clientOf({ maxRetries: 2 });
      const stream = await client.chat.completions.create(ask(`[[${mark}]]`, { stream: true }));
      await assert.rejects(collected(stream), { type: 'server_error' });
      await assert.rejects(client.chat.completions.create(ask(`[[${mark}]] whole`)));
      assert.equal(all.api.calls.length, 2);
    });
  }

  for (const [field, value] of [
    ['n', 2],
    ['logprobs', true],
    ['logit_bias', { 1: 2 }],
    ['presence_penalty', 1],
    ['audio', { voice: 'alloy', format: 'mp3' }],
    ['new_field', 1],
  ]) {
    it(`learns that a parameter cannot be honoured: ${field}`, async () => {
      const request = ask('x', { [field]: value });
      await assert.rejects(clientOf().chat.completions.create(request), { status: 400, param: field });
      assert.equal(all.api.calls.length, 0);
    });
  }

  it('lists the models', async () => {
    const client = clientOf();
    const found = [];
    for await (const model of client.models.list()) found.push(model.id);
    assert.deepEqual(found, ['claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-opus-5-5']);
    const model = await client.models.retrieve('claude-haiku-5-5');
    assert.deepEqual([model.object, model.owned_by], ['model', 'anthropic']);
    await assert.rejects(client.models.retrieve('claude-none'), { status: 404 });
  });

  it('learns where to go instead of legacy completions and responses', async () => {
    const client = clientOf();
    const toChat = { status: 400, message: /\/v1\/chat\/completions/, code: 'unsupported_endpoint' };
    await assert.rejects(client.completions.create({ model: MODEL, prompt: 'x' }), toChat);
    await assert.rejects(client.completions.create({ model: MODEL, prompt: ['x'], n: 2, stop: 'y' }), toChat);
    const stranger = clientOf({ apiKey: 'wrong' }).completions.create({ model: MODEL, prompt: 'x' });
    await assert.rejects(stranger, { status: 401, code: 'invalid_api_key' });
    await assert.rejects(client.responses.create({ model: MODEL, input: 'x' }), {
      status: 404,
      message: /\/v1\/chat\/completions/,
    });
  });
});
