import type { CompletionMessage, CompletionRequest, ContentBlock, ToolDefinition } from 'nestjs-worker-pool';
import type { CountTokensBody, MessagesBody } from './messages.schema.js';

type Content = string | ContentBlock[];
type Input = CountTokensBody & Partial<MessagesBody>;

/**
 * What reaches the executor, in the simplest form that means the same, so that requests which mean the same
 * share an entry: also with `POST /v1/completions`, whose `prompt` is a single turn of the user. What is absent has
 * no field.
 */
export function toRequest(body: MessagesBody | CountTokensBody): CompletionRequest {
  const { stream: _, messages, system, stop_sequences, tools, cache_control, ...rest }: Input = body;
  return {
    ...rest,
    ...inputOf(messages.map(plainMessage)),
    ...(system !== undefined && { system: plain(system) }),
    ...(stop_sequences?.length && { stop_sequences }),
    ...(tools?.length && { tools: tools as ToolDefinition[] }),
    ...(cache_control && { cache_control }),
  };
}

function inputOf(messages: CompletionMessage[]): Pick<CompletionRequest, 'prompt' | 'messages'> {
  const [first] = messages;
  const isPrompt = messages.length === 1 && first?.role === 'user' && Object.keys(first).length === 2;
  const text = isPrompt ? first.content : '';
  // An empty one stays where it is, so that the error names the field that the client knows.
  return typeof text === 'string' && text.trim() !== '' ? { prompt: text } : { messages };
}

function plainMessage({ content, ...message }: MessagesBody['messages'][number]): CompletionMessage {
  return { ...message, content: plain(content) };
}

/** A single part that is nothing but text is that text. */
function plain(content: Content): Content {
  if (typeof content === 'string' || content.length !== 1) return content;
  const [only] = content;
  const isText = only?.type === 'text' && typeof only.text === 'string' && Object.keys(only).length === 2;
  return isText ? only.text! : content;
}
