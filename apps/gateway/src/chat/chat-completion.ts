import { randomBytes } from 'node:crypto';
import type { CacheResult } from 'nestjs-redis-cache';
import type { Completion, ContentBlock, TokenUsage } from 'nestjs-worker-pool';
import { toMessage } from '../completions/message-events.js';

const ID_BYTES = 12;
const MS_PER_SECOND = 1_000;

/** Creates the id of a chat completion: a new one for each response, hits included. */
export function chatId(): string {
  return `chatcmpl-${randomBytes(ID_BYTES).toString('hex')}`;
}

/** When a completion was computed, in seconds since 1970. @param ageSeconds its age; `null` if it is new */
export function createdAt(ageSeconds: number | null): number {
  return Math.floor(Date.now() / MS_PER_SECOND - (ageSeconds ?? 0));
}

/** A call of a function. */
export interface ToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

/** Why an answer ended: by itself or a stop sequence, at its maximum length, for a tool, or as a refusal. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** Tokens in OpenAI's form. `prompt_tokens` includes those that the provider wrote to and read from its prompt cache. */
export interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number; cache_write_tokens: number };
  completion_tokens_details?: { reasoning_tokens: number };
}

/** Response of `POST /v1/chat/completions`. */
export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: {
    index: 0;
    message: {
      role: 'assistant';
      content: string | null;
      refusal: string | null;
      tool_calls?: ToolCall[];
    };
    logprobs: null;
    finish_reason: FinishReason;
  }[];
  usage?: ChatUsage | undefined;
}

/** Translates an answer into OpenAI's form. Its texts become one; thinking has no place in it. */
export function toChatCompletion({
  value,
  ageSeconds,
}: Pick<CacheResult<Completion>, 'value' | 'ageSeconds'>): ChatCompletion {
  const { model, content } = toMessage(value);
  const calls = content.filter(isToolUse).map(toToolCall);
  const text = content.map(textOf).join('');
  const message = {
    role: 'assistant' as const,
    content: text === '' && calls.length > 0 ? null : text,
    refusal: refusalOf(value),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
  return {
    id: chatId(),
    object: 'chat.completion',
    created: createdAt(ageSeconds),
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReasonOf(value) }],
    usage: usageOf(value),
  };
}

/** The text of a block that says something. */
function textOf({ type, text }: ContentBlock): string {
  return type === 'text' && typeof text === 'string' ? text : '';
}

/** Whether a block is a call of a function of the client. */
export function isToolUse({ type }: Pick<ContentBlock, 'type'>): boolean {
  return type === 'tool_use';
}

function toToolCall({ id, name, input }: ContentBlock): ToolCall {
  const call = { name: String(name), arguments: JSON.stringify(input ?? {}) };
  return { id: String(id), type: 'function', function: call };
}

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

export function finishReasonOf({ stopReason }: Pick<Completion, 'stopReason'>): FinishReason {
  return FINISH_REASONS[stopReason] ?? 'stop';
}

/** Why the model refused, if it says so. */
export function refusalOf({ stopReason, stopDetails }: Completion): string | null {
  const explanation = stopDetails?.['explanation'];
  return stopReason === 'refusal' && typeof explanation === 'string' ? explanation : null;
}

/** Translates the usage; an entry of another program may have none. */
export function usageOf({ usage }: { usage?: TokenUsage }): ChatUsage | undefined {
  if (usage === undefined) return undefined;
  const { input_tokens: input, output_tokens: output } = usage;
  const written = usage.cache_creation_input_tokens ?? 0;
  const cached = usage.cache_read_input_tokens ?? 0;
  const prompt = input + written + cached;
  const { thinking_tokens: thinking } = Object(usage['output_tokens_details']) as {
    thinking_tokens?: unknown;
  };
  return {
    prompt_tokens: prompt,
    completion_tokens: output,
    total_tokens: prompt + output,
    prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
    ...(typeof thinking === 'number' && { completion_tokens_details: { reasoning_tokens: thinking } }),
  };
}
