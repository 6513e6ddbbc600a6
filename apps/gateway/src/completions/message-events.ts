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

/** A message of the Messages API without its `id`. */
export interface MessageBody {
  type: 'message';
  role: 'assistant';
  model: string;
  content: ContentBlock[];
  stop_reason: string;
  stop_sequence: string | null;
  usage: TokenUsage;
  /** `stop_details`, `container` and any other field, if the provider sent it. */
  [field: string]: unknown;
}

/**
 * Converts a completion to a message, which has the fields that the provider sent and no others: strict clients refuse
 * more. The usage is that of the original computation, on hits too. An entry stored by another program may consist of
 * the text alone.
 */
export function toMessage(completion: Completion): MessageBody {
  const { completion: text, model = '', content = [{ type: 'text', text }], usage, extra } = completion;
  const { stopReason = 'end_turn', stopSequence = null, stopDetails } = completion;
  return {
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: stopReason,
    stop_sequence: stopSequence,
    ...(stopDetails !== undefined && { stop_details: stopDetails }),
    ...extra,
    usage,
  };
}

/** An event of the API's stream. */
export interface StreamEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Fields that a stream sends with its totals: within the delta, or beside it. */
const IN_DELTA = ['stop_details', 'container'] as const;
const BESIDE_DELTA = ['context_management'] as const;

/** The events with which the API would have streamed a finished message, except pings. */
export function messageEvents(message: Message): StreamEvent[] {
  const { content, stop_reason, stop_sequence, usage, ...rest } = message;
  const [inDelta, beside] = [picked(rest, IN_DELTA), picked(rest, BESIDE_DELTA)];
  const unknown = Object.fromEntries(Object.keys(inDelta).map((name) => [name, null]));
  const start = {
    ...without(rest, BESIDE_DELTA),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    ...unknown,
    usage: { ...usage, output_tokens: 0 },
  };
  return [
    { type: 'message_start', message: start },
    ...content.flatMap(blockEvents),
    { type: 'message_delta', delta: { stop_reason, stop_sequence, ...inDelta }, usage, ...beside },
    { type: 'message_stop' },
  ];
}

type Fields = Readonly<Record<string, unknown>>;

function picked(from: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}

function without(from: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));
}

function blockEvents(block: ContentBlock, index: number): StreamEvent[] {
  const { start, deltas } = piecesOf(block);
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

const INPUT_BLOCK = /(^|_)tool_use$/;

/** Splits a block as the API does. A type that it does not split, or that is not known here, is sent whole. */
function piecesOf(block: ContentBlock): Pieces {
  if (block.type === 'text') return textPieces(block);
  if (block.type === 'thinking') return thinkingPieces(block);
  if (!INPUT_BLOCK.test(block.type) || !('input' in block)) return { start: block, deltas: [] };
  const input = { type: 'input_json_delta', partial_json: JSON.stringify(block['input']) };
  return { start: { ...block, input: {} }, deltas: [input] };
}

function textPieces(block: ContentBlock): Pieces {
  const citations: unknown[] = Array.isArray(block['citations']) ? block['citations'] : [];
  const isCited = citations.length > 0;
  return {
    start: { ...block, text: '', ...(isCited && { citations: [] }) },
    deltas: [
      { type: 'text_delta', text: block.text ?? '' },
      ...citations.map((citation) => ({ type: 'citations_delta', citation })),
    ],
  };
}

function thinkingPieces(block: ContentBlock): Pieces {
  const { thinking, signature } = block;
  const signed = signature === undefined ? [] : [{ type: 'signature_delta', signature }];
  return {
    start: { ...block, thinking: '', ...(signature !== undefined && { signature: '' }) },
    deltas: [{ type: 'thinking_delta', thinking }, ...signed],
  };
}
