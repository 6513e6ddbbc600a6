import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  AnthropicExecutor,
  type CompletionEvent,
  type CompletionRequest,
  createWorkerPool,
  type WorkerPool,
} from 'nestjs-worker-pool';
import { MessagesApi } from '@test/support/index.js';

let api: MessagesApi;
let executor: AnthropicExecutor;
let pool: WorkerPool;

beforeEach(async () => {
  api = await MessagesApi.start();
  executor = new AnthropicExecutor({ apiKey: api.key, baseUrl: api.url, defaultModel: 'claude-haiku-4-5' });
  pool = createWorkerPool({ executor });
});

afterEach(async () => {
  await pool.close();
  await api.stop();
});

const mark = (behaviour: string): CompletionRequest => ({ prompt: `[[api ${behaviour}]]` });

/** What the API sends for the prompt, as it comes. */
async function sentByApi(behaviour: string): Promise<CompletionEvent[]> {
  const messages = [{ role: 'user', content: `[[api ${behaviour}]]` }];
  const response = await fetch(`${api.url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': api.key, 'anthropic-version': '2026-10-21' },
    body: JSON.stringify({ model: 'claude-haiku-4-5', max_tokens: 9, messages, stream: true }),
  });
  const data = (await response.text()).matchAll(/^data: (.*)$/gm);
  return Array.from(data, ([, json = '']) => JSON.parse(json) as CompletionEvent);
}

/** Without the ids, which differ. */
const withoutIds = (events: CompletionEvent[]): unknown =>
  JSON.parse(JSON.stringify(events).replaceAll(/"msg_\w+"/g, '"msg"'));

const emitted = async (behaviour: string): Promise<CompletionEvent[]> => {
  const events: CompletionEvent[] = [];
  const emit = (event: CompletionEvent): void => void events.push(structuredClone(event));
  const { signal } = new AbortController();
  await executor.execute(mark(behaviour), { taskId: 'task', signal, emit });
  return events;
};

describe('the events of the AnthropicExecutor', () => {
  it.each(['text forty-two', 'tool-use', 'thinking', 'refusal', 'unknown-events'])(
    'are those of the API, complete and unchanged, without pings (%s)',
    async (behaviour) => {
      const sent = await sentByApi(behaviour);
      expect(sent.map(({ type }) => type)).toContain('ping');
      const expected = sent.filter(({ type }) => type !== 'ping');
      const [response, ...events] = await emitted(behaviour);
      expect(response).toEqual({ type: 'response', request_id: 'req_test', headers: {} });
      expect(withoutIds(events)).toEqual(withoutIds(expected));
    },
  );

  it('come as soon as the API sends them', async () => {
    const stream = await pool.stream(mark('steps one |two'));
    const { steps } = await api.call(0);
    const seen = [];
    await steps.send();
    for await (const { type } of stream) {
      if (type === 'response') continue;
      seen.push([type, steps.sent]);
      if (type !== 'message_stop') await steps.send();
    }
    const { completion } = await stream.result();
    expect(seen).toEqual([
      ['message_start', 1],
      ['content_block_start', 2],
      ['content_block_delta', 3],
      ['content_block_delta', 4],
      ['content_block_stop', 5],
      ['message_delta', 6],
      ['message_stop', 7],
    ]);
    expect(completion).toBe('one two');
  });

  it('end with the failure of an answer that fails late', async () => {
    const stream = await pool.stream(mark('late-overload'));
    const types = [];
    for await (const { type } of stream) types.push(type);
    const { status, error } = await stream.result();
    expect(types).toEqual(['response', 'message_start', 'content_block_start', 'content_block_delta']);
    expect([status, error?.code]).toEqual(['failed', 'ERR_ANTHROPIC_OVERLOADED']);
  });
});
