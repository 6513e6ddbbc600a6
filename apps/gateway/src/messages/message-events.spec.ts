import { describe, expect, it } from '@jest/globals';
import type { ContentBlock } from 'nestjs-worker-pool';
import { EVENTS } from './message-formats.js';

const USAGE = { input_tokens: 3, output_tokens: 5, cache_read_input_tokens: 7 };

/** The events of an answer that holds these blocks. */
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

describe('an answer as a stream', () => {
  it('begins without content and ends with the reason and all of the usage', () => {
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

  it('brings citations one by one', () => {
    const citations = [{ type: 'char_location' }, { type: 'page_location' }];
    expect(eventsOf({ type: 'text', text: 'a', citations }).slice(2, 6)).toEqual([
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: [] } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation: citations[0] } },
      { type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation: citations[1] } },
    ]);
  });

  it.each([
    ['of a kind that has no pieces', { type: 'redacted_thinking', data: 'x' }],
    ['of a kind that nobody knows', { type: 'constructor', value: 1 }],
  ])('brings a block %s whole', (_name, block) => {
    expect(eventsOf(block).slice(2, 4)).toEqual([
      { type: 'content_block_start', index: 0, content_block: block },
      { type: 'content_block_stop', index: 0 },
    ]);
  });
});
