import type { CompletionMessage, CompletionRequest, ContentBlock } from 'nestjs-worker-pool';
import { refuseField } from './refuse-field.js';
import type { AssistantMessage, ChatMessage, ContentPart } from './chat-body.js';
import { toFileBlock, toImageBlock } from './chat-media.js';

/** The turns of a chat in the form of the Messages API. */
export interface Conversation {
  /** Undefined unless the chat begins with instructions. */
  readonly system: CompletionRequest['system'];
  readonly messages: CompletionMessage[];
  /** For each of `messages` the index of the first message of the chat that it was made of. */
  readonly sources: number[];
}

type Content = string | ContentBlock[];

/**
 * Translates the messages of a chat. Instructions (`system`, `developer`) at its beginning become the system prompt;
 * later ones stay in their place. The results of tools that were called together become one turn, as the Messages API
 * requires.
 *
 * @throws {ProblemError} 400 naming the field that cannot be translated
 */
export function toConversation(chat: readonly ChatMessage[]): Conversation {
  const start = chat.findIndex((message) => !isInstruction(message));
  const head = start === -1 ? chat.length : start;
  const conversation: Conversation = { system: systemOf(chat.slice(0, head)), messages: [], sources: [] };
  for (const [at, message] of chat.entries()) {
    if (at >= head) addTurn(conversation, message, at);
  }
  return conversation;
}

type Instruction = Extract<ChatMessage, { role: 'system' | 'developer' }>;

function isInstruction(message: ChatMessage): message is Instruction {
  return message.role === 'system' || message.role === 'developer';
}

function systemOf(head: readonly ChatMessage[]): CompletionRequest['system'] {
  const contents = head.filter(isInstruction).map(({ content }) => toContent(content, 'messages'));
  return contents.length > 1 ? contents.flatMap(asBlocks) : contents[0];
}

/** The content as blocks. */
export function asBlocks(content: Content): ContentBlock[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function addTurn({ messages, sources }: Conversation, message: ChatMessage, at: number): void {
  const field = `messages.${at}`;
  if (message.role === 'tool') {
    const { tool_call_id: id, content } = message;
    const result = { type: 'tool_result', tool_use_id: id, content: toContent(content, field) };
    const open = openResults(messages.at(-1));
    if (open !== undefined) return void open.push(result);
    messages.push({ role: 'user', content: [result] });
  } else {
    messages.push(toTurn(message, field));
  }
  sources.push(at);
}

/** The results to which another one of the same turn can be added. */
function openResults(last: CompletionMessage | undefined): ContentBlock[] | undefined {
  const content = last?.content;
  return Array.isArray(content) && content[0]?.type === 'tool_result' ? content : undefined;
}

function toTurn(message: Exclude<ChatMessage, { role: 'tool' }>, field: string): CompletionMessage {
  if (message.role === 'assistant') return { role: 'assistant', content: assistantContent(message, field) };
  const role = message.role === 'user' ? 'user' : 'system';
  return { role, content: toContent(message.content, field) };
}

function assistantContent({ content, refusal, tool_calls: calls }: AssistantMessage, field: string): Content {
  const said = content ?? refusal ?? '';
  const text = toContent(said, field);
  if (!calls?.length)
    return said === '' ? refuseField(`${field}.content`, 'is required without tool_calls') : text;
  const uses = calls.map(({ id, function: { name, arguments: json } }, at) => ({
    type: 'tool_use',
    id,
    name,
    input: inputOf(json, `${field}.tool_calls.${at}.function.arguments`),
  }));
  return text === '' ? uses : [...asBlocks(text), ...uses];
}

function inputOf(json: string, field: string): object {
  const input = json.trim() === '' ? {} : parsed(json);
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input;
  return refuseField(field, 'must be the JSON of an object');
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function toContent(content: string | readonly ContentPart[], field: string): Content {
  if (typeof content === 'string') return content;
  return content.map((part, at) => toBlock(part, `${field}.content.${at}`));
}

function toBlock(part: ContentPart, field: string): ContentBlock {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'refusal':
      return { type: 'text', text: part.refusal };
    case 'image_url':
      return toImageBlock(part.image_url.url, `${field}.image_url.url`);
    case 'file':
      return toFileBlock(part.file, `${field}.file.file_data`);
  }
}
