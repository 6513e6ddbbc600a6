import { z } from 'zod';
import type { Completion, CompletionRequest, ContentBlock } from '../../contract/completion-request.js';
import { usageSchema } from '../../contract/completion.schema.js';
import { ExecutorError } from '../../contract/errors.js';

/** The versions of the API: the one that requests without a version get, and the last with sampling parameters. */
const VERSION = '2026-10-21';
const SAMPLING_VERSION = '2023-06-01';
const VERSION_HEADER = 'anthropic-version';
const SAMPLING = ['temperature', 'top_p', 'top_k'] as const;

/** Body and additional headers of an API call. */
export interface AnthropicCall {
  body: Record<string, unknown>;
  headers: Record<string, string>;
}

/**
 * The API call for a request. The request has the API's own fields, which are sent unchanged and in their order; the
 * API validates them in detail.
 *
 * @param model the model's own name
 * @param defaultMaxTokens `max_tokens` when the request has none
 */
export function anthropicCall(
  request: CompletionRequest,
  model: string,
  defaultMaxTokens: number,
): AnthropicCall {
  const { max_tokens = defaultMaxTokens } = request;
  return { body: { ...fieldsOf(request), model, max_tokens }, headers: headersOf(request) };
}

/** Fields that concern only the answer: the token count endpoint refuses them. */
const NOT_COUNTED: ReadonlySet<string> = new Set([
  ...SAMPLING,
  'max_tokens',
  'metadata',
  'stop_sequences',
  'stream',
]);

/** The call that counts the tokens of a request. */
export function anthropicCount(request: CompletionRequest, model: string): AnthropicCall {
  const fields = { ...fieldsOf(request), model };
  const body = Object.fromEntries(Object.entries(fields).filter(([field]) => !NOT_COUNTED.has(field)));
  return { body, headers: headersOf(request) };
}

/** The body that a request stands for: a `prompt` is a single turn of the user. */
function fieldsOf({ prompt, headers: _, ...fields }: CompletionRequest): Record<string, unknown> {
  return prompt === undefined ? fields : { ...fields, messages: [{ role: 'user', content: prompt }] };
}

/**
 * The version of the API that a request gets if it does not name one. Requests that name it and requests that do not are
 * equivalent.
 */
export function anthropicVersionOf(request: CompletionRequest): string {
  const usesSampling = SAMPLING.some((field) => request[field] !== undefined && request[field] !== null);
  return usesSampling ? SAMPLING_VERSION : VERSION;
}

function headersOf(request: CompletionRequest): Record<string, string> {
  return { [VERSION_HEADER]: anthropicVersionOf(request), ...request.headers };
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
  const { model, usage, content, stop_reason, stop_sequence, stop_details, ...more } = parsed.data;
  const { id: _id, type: _type, role: _role, ...extra } = more;
  return {
    completion: textOf(content),
    usage,
    cost: costOf(model, usage),
    model,
    stopReason: stop_reason,
    stopSequence: stop_sequence,
    stopDetails: stop_details,
    content,
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

function textOf(content: readonly ContentBlock[]): string {
  return content.map(({ type, text }) => (type === 'text' && text) || '').join('');
}

/** Fields without user text, or whose values no error message of the API quotes. */
const NO_PROSE = new Set(['type', 'role', 'name', 'id', 'tool_use_id', 'media_type', 'signature', 'data']);

/** The user's texts in a request, which no error and no log line may quote. */
export function textsOf({ prompt, messages, system, mcp_servers: servers }: CompletionRequest): string[] {
  return proseIn([prompt, messages, system, servers]);
}

function proseIn(value: unknown): string[] {
  if (typeof value === 'string') {
    return [value];
  }
  return Object.entries(value ?? {}).flatMap(([field, inner]) => (NO_PROSE.has(field) ? [] : proseIn(inner)));
}
