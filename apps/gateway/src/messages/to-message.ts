import type { Completion, ContentBlock, TokenUsage } from 'nestjs-worker-pool';

/** What the API tells of the usage of every answer; what an executor does not know is `null`. */
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

/** An answer in the form of the Messages API, but for its `id`. */
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
 * A completion as a message. Its usage is what the API said when it was computed. What another program stored may
 * hold the text alone.
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
