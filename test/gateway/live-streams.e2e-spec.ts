import Anthropic, { APIUserAbortError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MessagesApi, within } from '@test/support/index.js';
import { EventReader, textOf, textsOf } from './event-reader.js';
import { lineOf } from './log-lines.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

/** `message_start`, `content_block_start` and the first delta. */
const FIRST_DELTA = 3;

let api: MessagesApi;
let gateway: Gateway;
let client: Anthropic;
let prompts = 0;

beforeAll(async () => {
  api = await MessagesApi.start();
  gateway = await startGateway({ WORKER_EXECUTOR: 'anthropic', ANTHROPIC_MAX_RETRIES: '0', ...api.env });
  client = new Anthropic({ baseURL: gateway.url, apiKey: 'any', maxRetries: 0 });
});

afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

beforeEach(() => {
  api.calls.length = 0;
  prompts += 1;
});

const text = (mark: string): string => `[[api ${mark}]] (${prompts})`;
const ask = (mark: string) => ({
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: text(mark) }],
});

const prompt = (mark: string) => ({ prompt: text(mark) });

const open = (mark: string, id = 'any'): Promise<EventReader> =>
  EventReader.post(gateway, '/v1/messages', { ...ask(mark), stream: true }, { 'x-request-id': id });

/** Opens a stream of which the API has sent the first delta. */
async function opened(mark: string, id?: string): Promise<EventReader> {
  const opening = open(mark, id);
  await (await api.call(0)).steps.send(FIRST_DELTA);
  return opening;
}

describe('the official SDK', () => {
  it('messages.stream: gets the first delta before the API has sent its second', async () => {
    const stream = client.messages.stream(ask('steps Redis |is |fast.'));
    const { steps } = await api.call(0);
    const first = stream.emitted('text');
    await steps.send(FIRST_DELTA);
    await within(first, { what: 'the first delta' });
    expect([stream.currentMessage?.content, steps.sent]).toMatchObject([[{ text: 'Redis ' }], FIRST_DELTA]);
    await steps.rest();
    const message = await stream.finalMessage();
    const whole = await client.messages.create(ask('steps Redis |is |fast.'));
    expect({ ...message, parsed_output: undefined }).toEqual({ ...whole, id: message.id });
    expect([message.id, whole.id]).toEqual([
      expect.stringMatching(/^msg_upstream/),
      expect.stringMatching(/^msg_[0-9a-f]{24}$/),
    ]);
    expect(api.calls).toHaveLength(1);
  });

  it('create with stream: gets every event when the API has sent it', async () => {
    const creating = client.messages.create({ ...ask('steps a|b'), stream: true }).withResponse();
    const { steps } = await api.call(0);
    await steps.send();
    const { data, response } = await creating;
    expect(response.headers.get('cache-status')).toBe('redis-cache; fwd=miss');
    const types: string[] = [];
    for await (const { type } of data) {
      types.push(type);
      expect(steps.sent).toBe(types.length);
      void steps.send();
    }
    expect(types).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  it.each(['tool-use', 'thinking', 'refusal', 'stop-sequence'])(
    'gets the same message live as from the API: %s',
    async (behaviour) => {
      const direct = new Anthropic({ baseURL: api.url, apiKey: api.key, maxRetries: 0 });
      const expected = await direct.messages.stream(ask(behaviour)).finalMessage();
      const message = await client.messages.stream(ask(behaviour)).finalMessage();
      expect(message.id).toMatch(/^msg_upstream/);
      expect(message).toEqual({ ...expected, id: message.id });
    },
  );
});

/** The savings up to now. */
const counts = async (): Promise<Record<string, number>> =>
  ((await (await gateway.get('/v1/cache/stats')).json()) as { total: Record<string, number> }).total;

describe('a live stream', () => {
  it('has the headers that keep proxies from delaying it', async () => {
    const reader = await opened('steps a|b');
    expect(Object.fromEntries(reader.response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
      'cache-status': 'redis-cache; fwd=miss',
      'server-timing': expect.stringMatching(/^factory;dur=/),
    });
    await api.calls[0]!.steps.rest();
    expect((await reader.rest()).at(-1)?.name).toBe('message_stop');
  });

  it('is read from its first event by an equal request that comes later', async () => {
    const first = await opened('steps a|b|c');
    await api.calls[0]!.steps.send();
    const second = await open('steps a|b|c');
    expect(second.response.headers.get('cache-status')).toBe('redis-cache; fwd=miss; collapsed');
    expect(textsOf(await second.take(4))).toBe('ab');
    await api.calls[0]!.steps.rest();
    const all = await first.rest();
    expect(textsOf(all)).toBe('abc');
    expect(all.slice(4)).toEqual(await second.rest());
    expect(api.calls).toHaveLength(1);
  });

  it('shares its computation with requests for the whole message', async () => {
    const reader = await opened('steps a|b');
    const whole = client.messages.create(ask('steps a|b')).withResponse();
    // When this responds, the request before it has arrived.
    for (let round = 0; round < 2; round += 1) await gateway.get('/health/live');
    await api.calls[0]!.steps.rest();
    expect((await whole).data.content).toMatchObject([{ text: 'ab' }]);
    expect((await whole).response.headers.get('cache-status')).toBe('redis-cache; fwd=miss; collapsed');
    await reader.rest();
    expect(api.calls).toHaveLength(1);
  });

  it('joins the computation that a request for the whole message began', async () => {
    const whole = client.messages.create(ask('steps a|b'));
    const { steps } = await api.call(0);
    await steps.send(FIRST_DELTA);
    const reader = await open('steps a|b');
    expect(reader.response.headers.get('cache-status')).toBe('redis-cache; fwd=miss; collapsed');
    expect(textsOf(await reader.take(FIRST_DELTA))).toBe('a');
    await steps.rest();
    expect(textsOf(await reader.rest())).toBe('b');
    expect((await whole).content).toMatchObject([{ text: 'ab' }]);
    expect(api.calls).toHaveLength(1);
  });

  it('counts once as computed and once for each request that joined it', async () => {
    const before = await counts();
    const first = await opened('steps a|b');
    const second = await open('steps a|b');
    await api.calls[0]!.steps.rest();
    await Promise.all([first.rest(), second.rest()]);
    await (await open('steps a|b')).rest();
    const after = await counts();
    const grown = (name: string): number => after[name]! - before[name]!;
    expect(['misses', 'collapsed', 'hits', 'tokens_spent'].map(grown)).toEqual([1, 1, 1, 138]);
    expect(grown('cost_saved')).toBeCloseTo(2 * grown('cost_spent'), 10);
  });
});

describe('a stream that fails', () => {
  it('before its first event keeps the status of the failure', async () => {
    const opening = open('steps a|b', 'fails-early');
    await (await api.call(0)).steps.fail();
    const { response } = await opening;
    expect([response.status, response.headers.get('content-type')]).toEqual([
      529,
      'application/json; charset=utf-8',
    ]);
    expect(await lineOf(gateway, 'fails-early')).toMatchObject({
      status: 529,
      stream: 'failed',
      streamError: 'ERR_ANTHROPIC_OVERLOADED',
    });
  });

  it.each(['for its first reader', 'for one that joined it'])('after its first event, %s', async (whose) => {
    const id = `fails-late ${whose}`.replaceAll(' ', '-');
    const first = await opened('steps a|b', `first-${id}`);
    const reader = whose === 'for its first reader' ? first : await open('steps a|b', `other-${id}`);
    expect(textsOf(await reader.take(FIRST_DELTA))).toBe('a');
    await api.calls[0]!.steps.fail();
    const [error, ...rest] = await reader.rest();
    expect(error).toEqual({
      name: 'error',
      data: {
        type: 'error',
        error: { type: 'overloaded_error', message: expect.stringContaining('Overloaded') },
      },
    });
    expect(rest).toEqual([]);
    expect(await lineOf(gateway, reader.response.headers.get('x-request-id')!)).toMatchObject({
      status: 200,
      stream: 'failed',
      streamError: 'ERR_ANTHROPIC_OVERLOADED',
      firstEventMs: expect.any(Number),
    });
    // It is not stored.
    const retried = await client.messages
      .create(ask('steps a|b'), { headers: { 'cache-control': 'only-if-cached' } })
      .catch((thrown: unknown) => thrown);
    expect(retried).toMatchObject({ status: 504 });
  });
});

describe('a client that leaves', () => {
  it('ends the request at the API if nobody else reads the stream', async () => {
    const reader = await opened('steps a|b', 'leaves');
    await reader.take(FIRST_DELTA);
    reader.leave();
    expect(await within(api.calls[0]!.ended, { what: 'the end of the request at the API' })).toBe('gone');
    expect(await lineOf(gateway, 'leaves')).toMatchObject({
      status: 200,
      aborted: true,
      stream: 'client_left',
      firstEventMs: expect.any(Number),
    });
  });

  it('does not end it while somebody else reads the stream or waits for the message', async () => {
    const [first, whole] = [
      await opened('steps a|b|c', 'leaves-first'),
      client.messages.create(ask('steps a|b|c')),
    ];
    const second = await open('steps a|b|c', 'leaves-second');
    first.leave();
    await lineOf(gateway, 'leaves-first');
    await api.calls[0]!.steps.send();
    expect(textsOf(await second.take(4))).toBe('ab');
    second.leave();
    await lineOf(gateway, 'leaves-second');
    await api.calls[0]!.steps.rest();
    expect((await whole).content).toMatchObject([{ text: 'abc' }]);
    expect(await api.calls[0]!.ended).toBe('answered');
  });

  it('is noticed by the SDK as its own abort', async () => {
    const stream = client.messages.stream(ask('steps a|b'));
    const { steps, ended } = await api.call(0);
    const first = stream.emitted('text');
    await steps.send(FIRST_DELTA);
    await first;
    stream.abort();
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(APIUserAbortError);
    expect(await within(ended, { what: 'the end of the request at the API' })).toBe('gone');
  });
});

describe('POST /v1/completions as a stream', () => {
  it('sends the text while it is computed, then the body of the JSON response', async () => {
    const opening = EventReader.post(gateway, '/v1/completions', { ...prompt('steps a|b'), stream: true });
    const { steps } = await api.call(0);
    await steps.send(FIRST_DELTA);
    const reader = await opening;
    expect(await reader.next()).toEqual({ name: 'delta', data: { text: 'a' } });
    expect(steps.sent).toBe(FIRST_DELTA);
    await steps.rest();
    const [delta, completion, ...rest] = await reader.rest();
    expect([textOf(delta!), completion?.name, rest]).toEqual(['b', 'completion', []]);
    const whole = (await (await gateway.post('/v1/completions', prompt('steps a|b'))).json()) as object;
    expect(completion?.data).toMatchObject({
      completion: 'ab',
      cached: false,
      cost_saved: 0,
      stop_reason: 'end_turn',
    });
    expect({ ...whole, cached: false, cost: completion?.data['cost'], cost_saved: 0 }).toEqual(
      completion?.data,
    );
  });

  it.each([
    ['stream: true', { stream: true }, undefined, true],
    ['an Accept header with events', {}, 'text/event-stream', true],
    ['an Accept header with events and JSON', {}, 'application/json, text/event-stream', false],
    ['stream: false, whatever the Accept header says', { stream: false }, 'text/event-stream', false],
  ])('sends a hit at once: %s', async (_what, more, accept, isStreamed) => {
    const request = { ...prompt('text kept'), ...more };
    await (await gateway.post('/v1/completions', prompt('text kept'))).text();
    // The second of them is sent by the fast path, if it can.
    for (let round = 0; round < 3; round += 1) {
      const id = `hit-${prompts}-${round}`;
      const headers = { 'x-request-id': id, ...(accept && { accept }) };
      const response = await fetch(`${gateway.url}/v1/completions`, {
        ...jsonPost(request),
        headers: { 'content-type': 'application/json', ...headers },
      });
      expect(response.headers.get('cache-status')).toMatch(/^redis-cache; hit; ttl=\d+$/);
      const sent = await response.text();
      if (isStreamed)
        expect(sent).toMatch(
          /^event: delta\ndata: {"text":"kept"}\n\nevent: completion\ndata: {"completion":"kept",.*}\n\n$/,
        );
      else expect(JSON.parse(sent)).toMatchObject({ completion: 'kept', cached: true });
      const line = await lineOf(gateway, id);
      expect(line['stream']).toBe(isStreamed ? 'completed' : undefined);
    }
    expect(api.calls).toHaveLength(1);
  });

  it('fails with problem details, as a response before its first event and as an event after it', async () => {
    const early = EventReader.post(gateway, '/v1/completions', { ...prompt('steps a|b'), stream: true });
    await (await api.call(0)).steps.fail();
    expect((await early).response.status).toBe(502);
    const opening = EventReader.post(gateway, '/v1/completions', { ...prompt('steps c|d'), stream: true });
    const { steps } = await api.call(1);
    await steps.send(FIRST_DELTA);
    const reader = await opening;
    await reader.next();
    await steps.fail();
    expect(await reader.rest()).toEqual([
      { name: 'error', data: expect.objectContaining({ status: 502, code: 'ERR_ANTHROPIC_OVERLOADED' }) },
    ]);
  });

  it('refuses a stream that is neither true nor false, and any in the queue', async () => {
    const refused = await gateway.post('/v1/completions', { ...prompt('facts'), stream: 'yes' });
    expect(await refused.json()).toMatchObject({
      errors: [{ field: 'stream', detail: 'must be true or false' }],
    });
    expect((await gateway.post('/v1/queue', { ...prompt('facts'), stream: true })).status).toBe(400);
  });
});
