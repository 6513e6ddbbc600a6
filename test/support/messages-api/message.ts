/** Messages as the API writes them, and the events in which it streams them. */

export interface Block {
  type: string;
  [field: string]: unknown;
}

export interface ApiMessage {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  content: Block[];
  stop_reason: string;
  stop_sequence: string | null;
  stop_details: Block | null;
  container: null;
  diagnostics: null;
  usage: Record<string, unknown>;
}

export const USAGE = {
  input_tokens: 11,
  output_tokens: 7,
  cache_creation_input_tokens: 20,
  cache_read_input_tokens: 100,
  cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 15 },
  output_tokens_details: { thinking_tokens: 2 },
  server_tool_use: null,
  service_tier: 'standard',
  speed: 'standard',
  inference_geo: 'global',
};

let made = 0;

export function messageOf(model: string, patch: Partial<ApiMessage> = {}): ApiMessage {
  made += 1;
  return {
    id: `msg_upstream${made}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text: 'an answer', citations: null }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: { ...USAGE },
    ...patch,
  };
}

/** One server-sent event. */
export function sse(event: { type: string }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/**
 * The events of a message. The first and the last event report the usage, the last one with the final counts.
 *
 * @param split divides texts into the pieces in which they are sent
 */
export function eventsOf(message: ApiMessage, split = halves): { type: string }[] {
  const { content, stop_reason, stop_sequence, stop_details, container, usage } = message;
  const open = { ...message, content: [], stop_reason: null, stop_sequence: null, stop_details: null };
  return [
    { type: 'message_start', message: { ...open, usage: { ...usage, output_tokens: 1 } } } as {
      type: string;
    },
    { type: 'ping' },
    ...content.flatMap((block, index) => blockEvents(block, index, split)),
    { type: 'message_delta', delta: { stop_reason, stop_sequence, stop_details, container }, usage } as {
      type: string;
    },
    { type: 'message_stop' },
  ];
}

/** Divides a text into pieces. */
type Split = (text: string) => string[];

function blockEvents(block: Block, index: number, split: Split): { type: string }[] {
  const { start, deltas } = piecesOf(block, split);
  return [
    { type: 'content_block_start', index, content_block: start } as { type: string },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index } as { type: string },
  ];
}

function halves(text: string): string[] {
  return [text.slice(0, text.length / 2), text.slice(text.length / 2)];
}

/** A block without its text, and the text in at least two pieces, so that whoever reads it must put them together. */
function piecesOf(block: Block, split: Split): { start: Block; deltas: Block[] } {
  if (block.type === 'text') {
    const deltas = split(String(block['text'])).map((text) => ({ type: 'text_delta', text }));
    return { start: { ...block, text: '' }, deltas };
  }
  if (block.type === 'tool_use') {
    const json = split(JSON.stringify(block['input']));
    const deltas = json.map((partial_json) => ({ type: 'input_json_delta', partial_json }));
    return { start: { ...block, input: {} }, deltas };
  }
  const thoughts = split(String(block['thinking'])).map((thinking) => ({
    type: 'thinking_delta',
    thinking,
  }));
  const signed = { type: 'signature_delta', signature: block['signature'] };
  return { start: { ...block, thinking: '', signature: '' }, deltas: [...thoughts, signed] };
}
