import type { CompletionRequest, ToolDefinition } from 'nestjs-worker-pool';
import type { ChatBody, ChatTool, ChatToolChoice } from './chat-body.js';
import { asBlocks, type Conversation, toConversation } from './chat-messages.js';
import { refuseField } from './refuse-field.js';

/** A chat in the form of the Messages API. */
export interface TranslatedChat {
  /** The fields of a request for a message. */
  readonly request: CompletionRequest;
  /** For each message the index of the first message of the chat that it was made of. */
  readonly sources: readonly number[];
}

/** Added to the system prompt for `response_format: { type: 'json_object' }`, which the Messages API does not have. */
const JSON_ONLY =
  'Respond with a single JSON object and nothing else: no other text before or after it, and no code fence.';

/**
 * Translates a chat into the request for a message with the same meaning, so that both share a cache entry. Fields
 * without a value are left out.
 *
 * @throws {ProblemError} 400 naming the field that cannot be translated
 */
export function toMessagesRequest(body: ChatBody): TranslatedChat {
  const { system, messages, sources } = toConversation(body.messages);
  const prompt = body.response_format?.type === 'json_object' ? withJsonOnly(system) : system;
  const request: CompletionRequest = {
    model: body.model,
    messages,
    ...given('max_tokens', maxTokensOf(body)),
    ...given('system', prompt),
    ...given('temperature', body.temperature),
    ...given('top_p', body.top_p),
    ...given('stop_sequences', typeof body.stop === 'string' ? [body.stop] : body.stop),
    ...given('tools', body.tools?.map(toTool)),
    ...given('tool_choice', toolChoiceOf(body)),
    ...given('output_config', outputConfigOf(body)),
    ...given('metadata', metadataOf(body)),
  };
  return { request, sources };
}

function given<Value>(name: string, value: Value | null | undefined): { [field: string]: Value } {
  return value === undefined || value === null ? {} : { [name]: value };
}

function withJsonOnly(system: Conversation['system']): Conversation['system'] {
  return system === undefined ? JSON_ONLY : [...asBlocks(system!), { type: 'text', text: JSON_ONLY }];
}

function maxTokensOf({
  max_tokens: old,
  max_completion_tokens: current,
}: ChatBody): number | null | undefined {
  const isTwice = typeof old === 'number' && typeof current === 'number';
  return isTwice
    ? refuseField('max_tokens', 'must not be given together with max_completion_tokens')
    : (current ?? old);
}

function toTool({ function: { name, description, parameters, strict } }: ChatTool): ToolDefinition {
  return {
    name,
    ...given('description', description),
    input_schema: parameters ?? { type: 'object', properties: {} },
    ...(strict && { strict }),
  };
}

const CHOICES = { none: 'none', auto: 'auto', required: 'any' } as const;

function toolChoiceOf({ tool_choice: choice, parallel_tool_calls: parallel, tools }: ChatBody) {
  const chosen = choice ? toToolChoice(choice) : undefined;
  if (parallel !== false || !tools?.length || chosen?.type === 'none') return chosen;
  return { ...(chosen ?? { type: CHOICES.auto }), disable_parallel_tool_use: true };
}

function toToolChoice(choice: ChatToolChoice): { type: string; name?: string } {
  return typeof choice === 'string'
    ? { type: CHOICES[choice] }
    : { type: 'tool', name: choice.function.name };
}

function outputConfigOf({ reasoning_effort: effort, response_format: format }: ChatBody): object | undefined {
  const config = {
    ...given('effort', effort),
    ...(format?.type === 'json_schema' && {
      format: {
        type: 'json_schema',
        schema: { ...given('description', format.json_schema.description), ...format.json_schema.schema },
      },
    }),
  };
  return Object.keys(config).length > 0 ? config : undefined;
}

function metadataOf({ safety_identifier: id, user }: ChatBody): { user_id: string } | undefined {
  const user_id = id ?? user;
  return typeof user_id === 'string' ? { user_id } : undefined;
}
