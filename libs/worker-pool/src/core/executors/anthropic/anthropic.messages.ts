import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import type { Completion, CompletionRequest, ContentBlock } from '../../contract/completion-request.js';
import { usageSchema } from '../../contract/completion.schema.js';
import { ExecutorError } from '../../contract/errors.js';

/** The API version that still accepts sampling parameters; later versions refuse them. */
const SAMPLING_VERSION = '2023-06-01';

type CountParams = Parameters<Anthropic['messages']['countTokens']>[0];
type MessageParams = Parameters<Anthropic['messages']['stream']>[0];

/** Body and additional headers of an API call. */
export interface AnthropicCall {
  body: MessageParams;
  headers: Record<string, string>;
}

/**
 * The API call for a request. The request has the API's own fields, which are sent unchanged; the API validates
 * them in detail.
 *
 * @param model the model's own name
 * @param defaultMaxTokens `max_tokens` when the request has none
 */
export function anthropicCall(
  { prompt, ...request }: CompletionRequest,
  model: string,
  defaultMaxTokens: number,
): AnthropicCall {
  const { messages = [{ role: 'user', content: prompt ?? '' }], max_tokens = defaultMaxTokens } = request;
  const usesSampling = [request.temperature, request.top_p, request.top_k].some(
    (value) => value !== undefined,
  );
  return {
    body: { ...request, model, max_tokens, messages } as MessageParams,
    headers: usesSampling ? { 'anthropic-version': SAMPLING_VERSION } : {},
  };
}

/** Input fields other than `messages`; the token count endpoint refuses fields that only concern the answer. */
const COUNTED = ['system', 'tools', 'tool_choice', 'thinking', 'output_config', 'cache_control'] as const;

/** The body of a token count for a request. */
export function anthropicCount(request: CompletionRequest, model: string): CountParams {
  const { prompt = '', messages = [{ role: 'user', content: prompt }] } = request;
  const given = COUNTED.filter((field) => request[field] !== undefined);
  const input = Object.fromEntries(given.map((field) => [field, request[field]]));
  return { ...input, model, messages } as unknown as CountParams;
}

const messageSchema = z.looseObject({
  model: z.string(),
  stop_reason: z.string(),
  stop_sequence: z.string().nullish(),
  stop_details: z.looseObject({ type: z.string() }).nullish(),
  content: z.array(z.looseObject({ type: z.string() })),
  usage: usageSchema,
});

/**
 * The completion in a message of the API.
 *
 * @param costOf cost of a usage of the named model, in US dollars
 * @throws {ExecutorError} a field of the message is missing or invalid
 */
export function completionOf(
  message: unknown,
  costOf: (model: string, usage: Completion['usage']) => number,
): Completion {
  const parsed = messageSchema.safeParse(message);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.');
    throw new ExecutorError(`the Anthropic API returned a malformed message: ${field} is missing or invalid`);
  }
  const { model, usage, content, stop_reason, stop_sequence, stop_details } = parsed.data;
  return {
    completion: textOf(content),
    usage,
    cost: costOf(model, usage),
    model,
    stopReason: stop_reason,
    stopSequence: stop_sequence,
    stopDetails: stop_details,
    content,
  };
}

function textOf(content: readonly ContentBlock[]): string {
  return content.map(({ type, text }) => (type === 'text' && text) || '').join('');
}

/** Fields without user text, or whose values no error message of the API quotes. */
const NO_PROSE = new Set(['type', 'role', 'name', 'id', 'tool_use_id', 'media_type', 'signature', 'data']);

/** The user's texts in a request, which no error and no log line may quote. */
export function textsOf({ prompt, messages, system }: CompletionRequest): string[] {
  return proseIn([prompt, messages, system]);
}

function proseIn(value: unknown): string[] {
  if (typeof value === 'string') {
    return [value];
  }
  return Object.entries(value ?? {}).flatMap(([field, inner]) => (NO_PROSE.has(field) ? [] : proseIn(inner)));
}
