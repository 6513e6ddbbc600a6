import type { ChatBody } from './chat-body.js';
import type { TranslatedChat } from './chat-request.js';

const TURN = /^messages\.(\d+)(\.content)?/;
const TOOL = /^tools\.(\d+)(?:\.(name|description|input_schema|strict))?/;

/** Returns the name in a chat of a field of the request that it was translated into. */
export function chatFieldOf(field: string, body: ChatBody, { sources }: TranslatedChat): string {
  const [turn, at, content = ''] = TURN.exec(field) ?? [];
  if (turn !== undefined) return `messages.${sources[Number(at)]}${content}`;
  const [tool, index, part] = TOOL.exec(field) ?? [];
  if (tool !== undefined) return ['tools', index, ...toolPath(part)].join('.');
  return NAMES[field]?.(body) ?? field;
}

function toolPath(part: string | undefined): string[] {
  if (part === undefined) return [];
  return ['function', part === 'input_schema' ? 'parameters' : part];
}

const NAMES: Readonly<Record<string, (body: ChatBody) => string>> = {
  system: () => 'messages',
  stop_sequences: () => 'stop',
  max_tokens: ({ max_tokens: old }) => ((old ?? null) === null ? 'max_completion_tokens' : 'max_tokens'),
  tool_choice: ({ tool_choice: choice }) => (choice ? 'tool_choice' : 'parallel_tool_calls'),
  output_config: ({ response_format: format }) =>
    format?.type === 'json_schema' ? 'response_format' : 'reasoning_effort',
  metadata: ({ safety_identifier: id }) => ((id ?? null) === null ? 'user' : 'safety_identifier'),
};
