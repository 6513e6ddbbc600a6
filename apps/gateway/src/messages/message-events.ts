import type { ContentBlock } from 'nestjs-worker-pool';
import type { Message } from './message-writer.js';

/** An event of the API's stream. */
interface StreamEvent {
  type: string;
  [field: string]: unknown;
}

/** Keeps a connection alive; clients pass over it. */
export const PING = sse({ type: 'ping' });

/** A finished message as the events in which the API would have streamed it. */
export function messageEvents({
  content,
  stop_reason,
  stop_sequence,
  stop_details,
  ...message
}: Message): string {
  const { usage, container } = message;
  const start = { ...message, content: [], ...NOT_STOPPED, usage: { ...usage, output_tokens: 0 } };
  return [
    sse({ type: 'message_start', message: start }),
    PING,
    ...content.flatMap(blockEvents).map(sse),
    sse({ type: 'message_delta', delta: { stop_reason, stop_sequence, stop_details, container }, usage }),
    sse({ type: 'message_stop' }),
  ].join('');
}

const NOT_STOPPED = { stop_reason: null, stop_sequence: null, stop_details: null };

/** One server-sent event. */
export function sse(event: StreamEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function blockEvents(block: ContentBlock, index: number): StreamEvent[] {
  const { start, deltas } = (PIECES.get(block.type) ?? whole)(block);
  return [
    { type: 'content_block_start', index, content_block: start },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

/** A block as it begins, and what is then added to it. */
interface Pieces {
  start: ContentBlock;
  deltas: StreamEvent[];
}

const PIECES = new Map<string, (block: ContentBlock) => Pieces>(
  Object.entries({
    text: ({ text = '', citations, ...block }) => ({
      start: { ...block, text: '', citations: Array.isArray(citations) ? [] : null },
      deltas: [
        { type: 'text_delta', text },
        ...(Array.isArray(citations) ? citations : []).map((citation) => ({
          type: 'citations_delta',
          citation: citation as unknown,
        })),
      ],
    }),
    thinking: ({ thinking, signature, ...block }) => ({
      start: { ...block, thinking: '', signature: '' },
      deltas: [
        { type: 'thinking_delta', thinking },
        { type: 'signature_delta', signature },
      ],
    }),
    tool_use: ({ input, ...block }) => ({
      start: { ...block, input: {} },
      deltas: [{ type: 'input_json_delta', partial_json: JSON.stringify(input) }],
    }),
  }),
);

const whole = (block: ContentBlock): Pieces => ({ start: block, deltas: [] });
