import { describe, expect, it } from '@jest/globals';
import type { Completion, ContentBlock } from 'nestjs-worker-pool';
import { toChatCompletion } from './chat-completion.js';
import { ChatStreamFormat } from './chat-stream-format.js';

interface Chunk {
  id: string;
  created: number;
  model: string;
  choices: { delta: Record<string, unknown>; finish_reason: string | null }[];
  usage?: object | null;
}

const completionOf = (content: ContentBlock[], more: Partial<Completion> = {}): Completion => ({
  completion: '',
  usage: { input_tokens: 1, output_tokens: 2, cache_read_input_tokens: 3 },
  cost: 0,
  model: 'm',
  stopReason: 'end_turn',
  content,
  ...more,
});

const hit = (value: Completion, ageSeconds = 0) =>
  ({ result: { value, ageSeconds, status: 'hit', source: 'redis' } }) as never;

function chunksOf(text: string): Chunk[] {
  const events = text.split('\n\n').slice(0, -1);
  expect(events.pop()).toBe('data: [DONE]');
  return events.map((event) => JSON.parse(event.replace(/^data: /, '')) as Chunk);
}

const stored = (value: Completion, includeUsage = false) =>
  chunksOf(new ChatStreamFormat(includeUsage).stored(hit(value)));

const deltas = (chunks: Chunk[]) => chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta));

const TOOL = { type: 'tool_use', id: 'toolu_1', name: 'look', input: { where: 'here' } };

describe('a chat as a stream', () => {
  it('consists of the role, the texts and the reason of the end, all with one id', () => {
    const chunks = stored(
      completionOf([
        { type: 'text', text: 'One. ' },
        { type: 'text', text: 'Two.' },
      ]),
    );
    expect(deltas(chunks)).toEqual([
      { role: 'assistant', content: '', refusal: null },
      { content: 'One. ' },
      { content: 'Two.' },
      {},
    ]);
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([null, null, null, 'stop']);
    expect(new Set(chunks.map(({ id, model }) => `${id} ${model}`)).size).toBe(1);
    expect(chunks[0]).not.toHaveProperty('usage');
  });

  it('reports the usage last, if it is wanted', () => {
    const chunks = stored(completionOf([{ type: 'text', text: 'One.' }]), true);
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 4,
        completion_tokens: 2,
        total_tokens: 6,
        prompt_tokens_details: { cached_tokens: 3, cache_write_tokens: 0 },
      },
    });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  it('counts the calls of tools by themselves, and leaves thinking out', () => {
    const blocks = [
      { type: 'thinking', thinking: 'Hm.', signature: 'a' },
      { type: 'text', text: 'So.' },
      TOOL,
      { ...TOOL, id: 'toolu_2', input: {} },
    ];
    const calls = deltas(stored(completionOf(blocks))).flatMap(({ tool_calls: list }) => list ?? []);
    expect(calls).toEqual([
      { index: 0, id: 'toolu_1', type: 'function', function: { name: 'look', arguments: '' } },
      { index: 0, function: { arguments: '{"where":"here"}' } },
      { index: 1, id: 'toolu_2', type: 'function', function: { name: 'look', arguments: '' } },
      { index: 1, function: { arguments: '{}' } },
    ]);
  });

  it('has arguments also for a call whose input the API streams in no piece', () => {
    const format = new ChatStreamFormat(false);
    const start = { type: 'content_block_start', index: 0, content_block: { ...TOOL, input: {} } };
    format.event({ type: 'message_start', message: { model: 'm' } });
    format.event(start);
    const empty = {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'input_json_delta', partial_json: '' },
    };
    expect(format.event(empty)).toBe('');
    expect(format.event({ type: 'content_block_stop', index: 0 })).toContain('"arguments":"{}"');
  });

  it('says when the answer was computed', () => {
    const chunks = chunksOf(new ChatStreamFormat(false).stored(hit(completionOf([]), 100)));
    const age = Date.now() / 1_000 - chunks[0]!.created;
    expect(age).toBeGreaterThanOrEqual(100);
    expect(age).toBeLessThan(110);
  });
});

const whole = (value: Completion) => toChatCompletion({ value, ageSeconds: null });

describe('a chat as a whole', () => {
  it('has no content if it consists of calls', () => {
    expect(whole(completionOf([TOOL], { stopReason: 'tool_use' })).choices).toEqual([
      {
        index: 0,
        message: {
          role: 'assistant',
          content: null,
          refusal: null,
          tool_calls: [
            { id: 'toolu_1', type: 'function', function: { name: 'look', arguments: '{"where":"here"}' } },
          ],
        },
        logprobs: null,
        finish_reason: 'tool_calls',
      },
    ]);
  });

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['pause_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool_calls'],
    ['refusal', 'content_filter'],
  ])('that ends as %s has the reason %s', (stopReason, reason) => {
    expect(whole(completionOf([], { stopReason })).choices[0]?.finish_reason).toBe(reason);
  });

  it('and as a stream has the explanation of a refusal', () => {
    const stopDetails = { type: 'refusal', explanation: 'no' };
    const refused = completionOf([], { stopReason: 'refusal', stopDetails });
    expect(whole(refused).choices[0]?.message).toMatchObject({ content: '', refusal: 'no' });
    expect(deltas(stored(refused)).at(-1)).toEqual({ refusal: 'no' });
  });

  it('reports the tokens of thinking, and nothing for an entry without usage', () => {
    const usage = { input_tokens: 1, output_tokens: 2, output_tokens_details: { thinking_tokens: 1 } };
    expect(whole(completionOf([], { usage })).usage).toMatchObject({
      completion_tokens_details: { reasoning_tokens: 1 },
    });
    const foreign = { completion: 'text', cost: 0 } as Completion;
    expect(whole(foreign)).toMatchObject({ usage: undefined, choices: [{ message: { content: 'text' } }] });
  });
});
