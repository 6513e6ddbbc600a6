import { describe, expect, it } from '@jest/globals';
import type { Completion, ContentBlock } from 'nestjs-worker-pool';
import { EVENTS, JSON_BODY } from './message-writer.js';

const completion: Completion = {
  completion: 'msg_id',
  usage: { input_tokens: 1, output_tokens: 2 },
  cost: 0,
  model: 'msg_id',
  stopReason: 'end_turn',
  content: [{ type: 'text', text: 'msg_id' }],
};

describe('a message', () => {
  it('gets a new id each time, and nothing else changes', () => {
    const [one, two] = [JSON_BODY.write(completion), JSON_BODY.write(completion)].map(
      (text) => JSON.parse(text) as { id: string },
    );
    expect(one?.id).toMatch(/^msg_[0-9a-f]{24}$/);
    expect(two).toEqual({ ...one, id: expect.not.stringMatching(one!.id) });
    expect(one).toEqual({
      id: one!.id,
      type: 'message',
      role: 'assistant',
      model: 'msg_id',
      content: [{ type: 'text', text: 'msg_id' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 1, output_tokens: 2 },
    });
  });

  it('has the further fields that the provider sent', () => {
    const extra = { container: null, context_management: { applied_edits: [] }, new_field: 1 };
    const stopDetails = { type: 'refusal' };
    expect(JSON.parse(JSON_BODY.write({ ...completion, stopDetails, extra }))).toMatchObject({
      ...extra,
      stop_details: stopDetails,
    });
  });

  it('consists of the text alone if another program stored nothing else', () => {
    const foreign = {
      completion: 'text',
      usage: { input_tokens: 1, output_tokens: 2 },
      cost: 0,
    } as Completion;
    expect(JSON.parse(JSON_BODY.write(foreign))).toMatchObject({
      model: '',
      content: [{ type: 'text', text: 'text' }],
      stop_reason: 'end_turn',
    });
  });
});

const USAGE = { input_tokens: 3, output_tokens: 5, cache_read_input_tokens: 7 };

/** The events of a message with these blocks. */
const eventsOf = (...content: ContentBlock[]) => eventsWith({}, ...content);

function eventsWith(more: Partial<Completion>, ...content: ContentBlock[]): Record<string, unknown>[] {
  const text = EVENTS.write({
    completion: '',
    usage: USAGE,
    cost: 1,
    model: 'm',
    stopReason: 'stop_sequence',
    stopSequence: 'END',
    content,
    ...more,
  });
  return text
    .trim()
    .split('\n\n')
    .map((event) => {
      const [, name, data] = /^event: (\w+)\ndata: (.+)$/.exec(event) ?? [];
      const parsed = JSON.parse(data ?? '{}') as Record<string, unknown>;
      expect(parsed['type']).toBe(name);
      return parsed;
    });
}

const start = (block: ContentBlock): unknown => eventsOf(block)[2]?.['content_block'];

describe('a message as a stream', () => {
  it('starts without content and ends with the stop reason and the whole usage', () => {
    const events = eventsOf({ type: 'text', text: 'a' });
    expect(events[0]).toMatchObject({
      message: {
        id: expect.stringMatching(/^msg_/),
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 3, output_tokens: 0, cache_read_input_tokens: 7 },
      },
    });
    expect(events.at(-2)).toMatchObject({
      delta: { stop_reason: 'stop_sequence', stop_sequence: 'END' },
      usage: USAGE,
    });
    expect(events.at(-1)).toEqual({ type: 'message_stop' });
  });

  it('sends further fields where the API sends them', () => {
    const container = { id: 'c' };
    const extra = { container, context_management: { applied_edits: [] }, new_field: 1 };
    const events = eventsWith({ extra, stopDetails: null });
    expect(events[0]?.['message']).toMatchObject({ container: null, stop_details: null, new_field: 1 });
    expect(events[0]?.['message']).not.toHaveProperty('context_management');
    expect(events.at(-2)).toMatchObject({
      delta: { container, stop_details: null },
      context_management: { applied_edits: [] },
    });
  });

  it('adds no field to a block', () => {
    expect(start({ type: 'text', text: 'a' })).toEqual({ type: 'text', text: '' });
    expect(start({ type: 'text', text: 'a', citations: null })).toEqual({
      type: 'text',
      text: '',
      citations: null,
    });
    expect(start({ type: 'thinking', thinking: 'a' })).toEqual({ type: 'thinking', thinking: '' });
  });

  it('sends the input of every kind of tool use as JSON', () => {
    for (const type of ['tool_use', 'server_tool_use', 'mcp_tool_use']) {
      expect(eventsOf({ type, id: 't', input: { a: 1 } }).slice(2, 4)).toMatchObject([
        { content_block: { type, id: 't', input: {} } },
        { delta: { type: 'input_json_delta', partial_json: '{"a":1}' } },
      ]);
    }
  });

  it('sends citations one by one', () => {
    const citations = [{ type: 'char_location' }, { type: 'page_location' }];
    expect(eventsOf({ type: 'text', text: 'a', citations }).slice(2, 6)).toEqual([
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: [] } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation: citations[0] } },
      { type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation: citations[1] } },
    ]);
  });

  it.each([
    ['of a type without deltas', { type: 'redacted_thinking', data: 'x' }],
    ['of an unknown type', { type: 'constructor', value: 1 }],
  ])('sends a block %s whole', (_name, block) => {
    expect(eventsOf(block).slice(2, 4)).toEqual([
      { type: 'content_block_start', index: 0, content_block: block },
      { type: 'content_block_stop', index: 0 },
    ]);
  });
});
