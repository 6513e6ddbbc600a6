import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestCachePolicy } from 'nestjs-redis-cache/http';
import type { CompletionMessage, CompletionRequest, ContentBlock, ToolDefinition } from 'nestjs-worker-pool';
import { z } from 'zod';
import type { CompletionCall } from '../completions/completion-call.js';
import { clientGoneSignal } from '../http/client-gone.js';
import { ProblemError } from '../http/problem.js';

/** Error texts of a required field: missing, or of another type. */
const needed = (must: string) => ({
  error: ({ input }: { input?: unknown }) => (input === undefined ? 'is required' : must),
});

const WHOLE = 'must be a whole number of at least 1';

const typed = z.looseObject({ type: z.string() }, { error: 'must be an object with a type' });
const contentSchema = z.union(
  [z.string(), z.array(typed)],
  needed('must be a string or an array of content blocks'),
);
const messageSchema = z.looseObject(
  { role: z.enum(['user', 'assistant'], needed('must be user or assistant')), content: contentSchema },
  { error: 'must be an object' },
);

/**
 * Body of `POST /v1/messages`: the fields of the Messages API that the gateway supports. The executor checks their
 * values, because it knows which of them it can honour.
 */
export const messagesBody = z.strictObject({
  model: z.string(needed('must be a string')).min(1, 'must not be empty'),
  max_tokens: z.int(needed(WHOLE)).min(1, WHOLE),
  messages: z.array(messageSchema, needed('must be an array')),
  system: contentSchema.optional(),
  stop_sequences: z.array(z.string()).optional(),
  temperature: z.number().optional(),
  top_p: z.number().optional(),
  top_k: z.int().optional(),
  tools: z.array(z.looseObject({ name: z.string(), input_schema: z.looseObject({}).optional() })).optional(),
  tool_choice: typed.optional(),
  thinking: typed.optional(),
  output_config: z.looseObject({}).optional(),
  cache_control: typed.nullish(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).optional(),
  stream: z.boolean().optional(),
});

export type MessagesBody = z.output<typeof messagesBody>;

/** Body of `POST /v1/messages/count_tokens`: the fields that are input. */
export const countTokensBody = messagesBody.pick({
  model: true,
  messages: true,
  system: true,
  tools: true,
  tool_choice: true,
  thinking: true,
  output_config: true,
  cache_control: true,
});

export type CountTokensBody = z.output<typeof countTokensBody>;

type Content = string | ContentBlock[];
type Input = CountTokensBody & Partial<MessagesBody>;

/**
 * Converts a body to what the executor gets, in the simplest equivalent form, so that equivalent requests share a cache
 * entry. A single user turn becomes a `prompt`, as `POST /v1/completions` sends it. Empty fields are omitted.
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
  // An empty text stays in `messages`, so that the error names the field that the client sent.
  return typeof text === 'string' && text.trim() !== '' ? { prompt: text } : { messages };
}

function plainMessage({ content, ...message }: MessagesBody['messages'][number]): CompletionMessage {
  return { ...message, content: plain(content) };
}

/** Replaces a single text block without other fields by its text. */
function plain(content: Content): Content {
  if (typeof content === 'string' || content.length !== 1) return content;
  const [only] = content;
  const isText = only?.type === 'text' && typeof only.text === 'string' && Object.keys(only).length === 2;
  return isText ? only.text! : content;
}

/** A request for a message. The signal is created on first use, because a hit needs none. */
export class MessagesCall implements CompletionCall {
  readonly tenant: string;
  readonly request: CompletionRequest;
  readonly policy: RequestCachePolicy;
  readonly #reply: FastifyReply;
  #signal: AbortSignal | undefined;

  constructor(body: MessagesBody, { headers, tenant }: FastifyRequest, reply: FastifyReply) {
    this.tenant = tenant.name;
    this.request = toRequest(body);
    this.policy = RequestCachePolicy.of(headers['cache-control']);
    this.#reply = reply;
  }

  get signal(): AbortSignal {
    this.#signal ??= clientGoneSignal(this.#reply);
    return this.#signal;
  }
}

const VERSION_HEADER = 'anthropic-version';
const VERSIONS: ReadonlySet<string> = new Set(['2023-06-01', '2026-10-21']);
const IGNORED_HEADERS: ReadonlySet<string> = new Set([
  VERSION_HEADER,
  'anthropic-dangerous-direct-browser-access',
]);

/**
 * Throws unless the gateway can honour all `anthropic-*` headers: a version of the API that it supports, and no beta
 * features, workspaces or user profiles.
 *
 * @throws {ProblemError} 400 naming the header
 */
export function assertHonoured(headers: IncomingHttpHeaders): void {
  const version = headers[VERSION_HEADER];
  if (version !== undefined && !VERSIONS.has(String(version))) {
    throw refused(VERSION_HEADER, `must be one of ${[...VERSIONS].join(', ')}`);
  }
  for (const name in headers) {
    if (name.startsWith('anthropic-') && !IGNORED_HEADERS.has(name)) {
      throw refused(name, 'is not supported by this gateway');
    }
  }
}

function refused(field: string, detail: string): ProblemError {
  return new ProblemError(400, `${field}: ${detail}`, {
    code: 'ERR_VALIDATION',
    errors: [{ field, detail }],
  });
}

/**
 * Throws if the texts of a request are larger than `maxBytes` together. Images and documents are limited by the size of
 * the body.
 *
 * @throws {ProblemError} 413 naming the field
 */
export function assertTextFits({ prompt, messages, system }: CompletionRequest, maxBytes: number): void {
  const texts = [prompt, system, ...(messages ?? []).map(({ content }) => content)].flatMap(textsOf);
  // A UTF-16 code unit takes at most three bytes, so the bytes of short texts need not be counted.
  if (sum(texts, ({ length }) => length * 3) <= maxBytes) return;
  if (sum(texts, (text) => Buffer.byteLength(text)) <= maxBytes) return;
  const detail = `must be at most ${maxBytes} bytes, the system prompt included`;
  throw new ProblemError(413, `messages: ${detail}`, {
    code: 'ERR_PROMPT_TOO_LARGE',
    errors: [{ field: 'messages', detail }],
  });
}

function textsOf(content: string | ContentBlock[] = []): string[] {
  if (typeof content === 'string') return [content];
  return content.map(({ text }) => (typeof text === 'string' ? text : ''));
}

function sum(texts: readonly string[], bytesOf: (text: string) => number): number {
  return texts.reduce((bytes, text) => bytes + bytesOf(text), 0);
}
