import Anthropic, { APIUserAbortError, OverloadedError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MessagesApi, within } from '@test/support/index.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

let api: MessagesApi;
/** Waits so long with its first ping that every answer of these tests comes before it. */
let prompt: Gateway;
/** Pings at once. */
let restless: Gateway;

beforeAll(async () => {
  api = await MessagesApi.start();
  const env = { WORKER_EXECUTOR: 'anthropic', ANTHROPIC_MAX_RETRIES: '0', ...api.env };
  [prompt, restless] = await Promise.all([
    startGateway({ ...env, MESSAGES_PING_MS: '600000' }),
    startGateway({ ...env, MESSAGES_PING_MS: '20' }),
  ]);
});

afterAll(async () => {
  await Promise.all([prompt?.stop(), restless?.stop()]);
  await api?.stop();
});

const clientOf = ({ url }: Gateway) => new Anthropic({ baseURL: url, apiKey: 'any', maxRetries: 0 });

beforeEach(() => {
  api.calls.length = 0;
});

const ask = (text: string) => ({
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: text }],
});

/** The stream itself, as it comes over the wire. */
const raw = (text: string): Promise<Response> =>
  fetch(`${restless.url}/v1/messages`, jsonPost({ ...ask(text), stream: true }));

describe('a stream whose first event comes before the first ping', () => {
  it('sends the events of the API, also from the cache', async () => {
    // The API sends the text in two pieces; from the cache it is one.
    const outcomes = [
      { status: /^redis-cache; fwd=miss$/, deltas: 2 },
      { status: /^redis-cache; hit/, deltas: 1 },
    ];
    for (const { status, deltas } of outcomes) {
      const { data, response } = await clientOf(prompt)
        .messages.create({ ...ask('[[api text in pieces]]'), stream: true })
        .withResponse();
      const types: string[] = [];
      for await (const { type } of data) types.push(type);
      expect(types).toEqual([
        'message_start',
        'content_block_start',
        ...Array<string>(deltas).fill('content_block_delta'),
        'content_block_stop',
        'message_delta',
        'message_stop',
      ]);
      expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
      expect(response.headers.get('cache-status')).toMatch(status);
    }
    expect(api.calls).toHaveLength(1);
  });

  it.each(['text plain', 'tool-use', 'thinking', 'refusal', 'stop-sequence'])(
    'adds up to the message that is sent whole: %s',
    async (behaviour) => {
      const whole = await clientOf(prompt).messages.create(ask(`[[api ${behaviour}]]`));
      const streamed = await clientOf(prompt)
        .messages.stream(ask(`[[api ${behaviour}]]`))
        .finalMessage();
      expect(streamed.id).toMatch(/^msg_/);
      expect({ ...streamed, parsed_output: undefined }).toEqual({ ...whole, id: streamed.id });
    },
  );

  it('fails with the status of an early error', async () => {
    const answer = clientOf(prompt).messages.stream(ask('[[api overloaded]]')).finalMessage();
    await expect(answer).rejects.toBeInstanceOf(OverloadedError);
  });
});

describe('a stream that starts before its first event', () => {
  it('sends pings while it waits, to keep the connection alive', async () => {
    const response = await within(raw('[[api gate]]'), { what: 'the stream to begin before its answer' });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toBe('event: ping\ndata: {"type":"ping"}\n\n');
    expect((await reader.read()).value).toContain('event: ping');
    (await api.call(0)).gate.emit('open');
    let rest = '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value;
    expect(rest).toMatch(/event: message_start\n.*through .*the gate.*event: message_stop\n/s);
  });

  it('is read by the SDK despite the pings', async () => {
    const stream = clientOf(restless).messages.stream(ask('[[api gate]] for the SDK'));
    await within(stream.emitted('connect'), { what: 'the stream to begin before its answer' });
    (await api.call(0)).gate.emit('open');
    expect(await stream.finalText()).toBe('through the gate');
  });

  it('fails with an error event for a late error', async () => {
    const stream = clientOf(restless).messages.stream(ask('[[api gate]] and cut'));
    await within(stream.emitted('connect'), { what: 'the stream to begin before its answer' });
    (await api.call(0)).gate.emit('cut');
    await expect(stream.finalMessage()).rejects.toMatchObject({ type: 'api_error', status: undefined });
  });

  it('aborts its request at the API when nobody reads it any more', async () => {
    const stream = clientOf(restless).messages.stream(ask('[[api gate]] left alone'));
    await within(stream.emitted('connect'), { what: 'the stream to begin before its answer' });
    const { ended } = await api.call(0);
    stream.abort();
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(APIUserAbortError);
    expect(await within(ended, { what: 'the end of the request at the API' })).toBe('gone');
  });
});
