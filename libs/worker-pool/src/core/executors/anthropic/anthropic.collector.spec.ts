import { describe, expect, it } from '@jest/globals';
import type { CompletionEvent } from '../../contract/completion-event.js';
import { MessageCollector } from './anthropic.collector.js';

const messageOf = (events: CompletionEvent[]): unknown => {
  const collector = new MessageCollector();
  for (const event of events) collector.add(event);
  return collector.message;
};

const START = {
  type: 'message_start',
  message: { id: 'm', content: [], usage: { input_tokens: 3, output_tokens: 1 } },
};
const STOP = { type: 'message_stop' };

const block = (start: object, ...deltas: object[]): CompletionEvent[] => [
  { type: 'content_block_start', index: 0, content_block: start },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index: 0, delta })),
  { type: 'content_block_stop', index: 0 },
];

const blockOf = (start: object, ...deltas: object[]): unknown => {
  const { content } = messageOf([START, ...block(start, ...deltas), STOP]) as { content: unknown[] };
  return content[0];
};

describe('MessageCollector', () => {
  it('has no message before the last event', () => {
    expect(messageOf([])).toBeUndefined();
    expect(messageOf([STOP])).toBeUndefined();
    expect(messageOf([START, ...block({ type: 'text', text: '' })])).toBeUndefined();
  });

  it('adds nothing to what the events say', () => {
    expect(
      blockOf(
        { type: 'text', text: '' },
        { type: 'text_delta', text: 'a' },
        { type: 'text_delta', text: 'b' },
      ),
    ).toEqual({
      type: 'text',
      text: 'ab',
    });
    expect(blockOf({ type: 'redacted_thinking', data: 'x' })).toEqual({
      type: 'redacted_thinking',
      data: 'x',
    });
  });

  it('collects citations, thinking and inputs', () => {
    const [one, two] = [{ cited_text: '1' }, { cited_text: '2' }];
    const cited = [one, two].map((citation) => ({ type: 'citations_delta', citation }));
    expect(blockOf({ type: 'text', text: '' }, ...cited)).toEqual({
      type: 'text',
      text: '',
      citations: [one, two],
    });
    const thoughts = [
      { type: 'thinking_delta', thinking: 'Hm' },
      { type: 'signature_delta', signature: 's' },
    ];
    expect(blockOf({ type: 'thinking', thinking: '', signature: '' }, ...thoughts)).toEqual({
      type: 'thinking',
      thinking: 'Hm',
      signature: 's',
    });
    const json = ['', '{"a":', '[1]}'].map((partial_json) => ({ type: 'input_json_delta', partial_json }));
    expect(blockOf({ type: 'server_tool_use', input: {} }, ...json)).toEqual({
      type: 'server_tool_use',
      input: { a: [1] },
    });
  });

  it('keeps the input of the start if no other came, or if it was cut off', () => {
    const cut = { type: 'input_json_delta', partial_json: '{"a":' };
    expect(blockOf({ type: 'tool_use', input: {} })).toEqual({ type: 'tool_use', input: {} });
    expect(blockOf({ type: 'tool_use', input: {} }, cut)).toEqual({ type: 'tool_use', input: {} });
  });

  it('collects deltas of unknown types', () => {
    const deltas = [
      { type: 'compaction_delta', content: 'a' },
      { type: 'compaction_delta', content: 'b', level: 2 },
    ];
    expect(blockOf({ type: 'compaction', content: null }, ...deltas)).toEqual({
      type: 'compaction',
      content: 'ab',
      level: 2,
    });
  });

  it('takes over the totals at the end, where they say something', () => {
    const totals = {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { input_tokens: null, output_tokens: 7, server_tool_use: null },
      context_management: { applied_edits: [] },
    };
    expect(messageOf([START, totals, STOP])).toEqual({
      id: 'm',
      content: [],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 3, output_tokens: 7, server_tool_use: null },
      context_management: { applied_edits: [] },
    });
  });
});
