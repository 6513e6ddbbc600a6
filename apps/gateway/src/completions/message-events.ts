import { randomBytes } from 'node:crypto';
import type { Completion, ContentBlock, TokenUsage } from 'nestjs-worker-pool';

const ID_BYTES = 12;

/** Creates the id of a message. */
export function messageId(): string {
  return `msg_${randomBytes(ID_BYTES).toString('hex')}`;
}

/** A message whose id is its first field. */
export interface Message extends MessageBody {
  id: string;
}

/** The usage fields that every message of the API has; `null` where the executor does not know a value. */
const UNKNOWN_USAGE = {
  cache_creation: null,
  cache_creation_input_tokens: null,
  cache_read_input_tokens: null,
  inference_geo: null,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: null,
  speed: null,
};

/** A message of the Messages API without its `id`. */
export interface MessageBody {
  type: 'message';
  role: 'assistant';
  model: string;
  content: ContentBlock[];
  stop_reason: string;
  stop_sequence: string | null;
  stop_details: object | null;
  container: null;
  diagnostics: null;
  usage: TokenUsage;
}

/**
 * Converts a completion to a message. The usage is that of the original computation, on hits too. An entry stored by
 * another program may consist of the text alone.
 */
export function toMessage(completion: Completion): MessageBody {
  const { completion: text, model = '', content = [{ type: 'text', text }], usage } = completion;
  const { stopReason = 'end_turn', stopSequence = null, stopDetails = null } = completion;
  return {
    type: 'message',
    role: 'assistant',
    model,
    content: content.map(nativeBlock),
    stop_reason: stopReason,
    stop_sequence: stopSequence,
    stop_details: stopDetails,
    container: null,
    diagnostics: null,
    usage: { ...UNKNOWN_USAGE, ...usage },
  };
}

function nativeBlock(block: ContentBlock): ContentBlock {
  return block.type === 'text' ? { citations: null, ...block } : block;
}

/** An event of the API's stream. */
export interface StreamEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The events with which the API would have streamed a finished message, except pings. */
export function messageEvents({
  content,
  stop_reason,
  stop_sequence,
  stop_details,
  ...message
}: Message): StreamEvent[] {
  const { usage, container } = message;
  const start = { ...message, content: [], ...NOT_STOPPED, usage: { ...usage, output_tokens: 0 } };
  return [
    { type: 'message_start', message: start },
    ...content.flatMap(blockEvents),
    { type: 'message_delta', delta: { stop_reason, stop_sequence, stop_details, container }, usage },
    { type: 'message_stop' },
  ];
}

const NOT_STOPPED = { stop_reason: null, stop_sequence: null, stop_details: null };

function blockEvents(block: ContentBlock, index: number): StreamEvent[] {
  const { start, deltas } = (PIECES.get(block.type) ?? whole)(block);
  return [
    { type: 'content_block_start', index, content_block: start },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

/** A block's start event and the deltas that complete it. */
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
