import type Anthropic from '@anthropic-ai/sdk';
import type { CompletionRequest } from '../../contract/completion-request.js';

/** The API version that still knows sampling parameters; the one after it refuses them. */
const SAMPLING_VERSION = '2023-06-01';

type CountParams = Parameters<Anthropic['messages']['countTokens']>[0];
type MessageParams = Parameters<Anthropic['messages']['stream']>[0];

/** What is sent: the body, and headers that differ from the SDK's own. */
export interface AnthropicCall {
  body: MessageParams;
  headers: Record<string, string>;
}

/**
 * A request in the form of the Messages API. Its fields are the API's own and go through as they are; what they
 * mean in detail, and whether the model takes them, is for the API to say.
 *
 * @param model the model's own name
 * @param defaultMaxTokens bound of the answer when the request gives none
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

/** Fields beside `messages` that are input; the others concern the answer alone, and counting refuses them. */
const COUNTED = ['system', 'tools', 'tool_choice', 'thinking', 'output_config', 'cache_control'] as const;

/** What is sent to have the input of a request counted. */
export function anthropicCount(request: CompletionRequest, model: string): CountParams {
  const { prompt = '', messages = [{ role: 'user', content: prompt }] } = request;
  const given = COUNTED.filter((field) => request[field] !== undefined);
  const input = Object.fromEntries(given.map((field) => [field, request[field]]));
  return { ...input, model, messages } as unknown as CountParams;
}

/** Fields whose values are structure, or of which a message of the API never quotes a part. */
const NO_PROSE = new Set(['type', 'role', 'name', 'id', 'tool_use_id', 'media_type', 'signature', 'data']);

/** What a user wrote in a request: what no error and no log line may quote. */
export function textsOf({ prompt, messages, system }: CompletionRequest): string[] {
  return proseIn([prompt, messages, system]);
}

function proseIn(value: unknown): string[] {
  if (typeof value === 'string') {
    return [value];
  }
  return Object.entries(value ?? {}).flatMap(([field, inner]) => (NO_PROSE.has(field) ? [] : proseIn(inner)));
}
