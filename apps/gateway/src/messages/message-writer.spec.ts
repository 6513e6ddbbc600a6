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
    expect(one).toMatchObject({
      model: 'msg_id',
      content: [{ type: 'text', text: 'msg_id', citations: null }],
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
function eventsOf(...content: ContentBlock[]): Record<string, unknown>[] {
  const text = EVENTS.write({
    completion: '',
    usage: USAGE,
    cost: 1,
    model: 'm',
    stopReason: 'stop_sequence',
    stopSequence: 'END',
    content,
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
      delta: { stop_reason: 'stop_sequence', stop_sequence: 'END', stop_details: null },
      usage: USAGE,
    });
    expect(events.at(-1)).toEqual({ type: 'message_stop' });
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
