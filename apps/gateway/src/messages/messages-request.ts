import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestCachePolicy } from 'nestjs-redis-cache/http';
import type { CompletionRequest, ContentBlock } from 'nestjs-worker-pool';
import { z } from 'zod';
import type { CompletionCall, ServiceResponse } from '../completions/completion-call.js';
import { clientGoneSignal } from '../http/client-gone.js';
import { ProblemError } from '../http/problem.js';
import { fitsIn } from '../util/fits-in.js';
import { listOf } from '../http/zod-list.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { dependsOnState } from '../completions/stateful-request.js';

/** Error texts of a required field: missing, or of another type. */
const needed = (must: string) => ({
  error: ({ input }: { input?: unknown }) => (input === undefined ? 'is required' : must),
});

const WHOLE = 'must be a whole number of at least 0';

const typed = z.looseObject({ type: z.string() }, { error: 'must be an object with a type' });
const contentSchema = z.union(
  [z.string(), listOf(typed)],
  needed('must be a string or an array of content blocks'),
);
const messageSchema = z.looseObject(
  { role: z.string(needed('must be a string')), content: contentSchema },
  { error: 'must be an object' },
);

/** Fields of the executors' requests that the Messages API does not have. */
const notOfTheApi = z.never('is not a field of the Messages API').optional();

/**
 * Body of `POST /v1/messages`: what the gateway itself reads. The executor checks everything else, because it knows which
 * fields and values it can honour.
 */
export const messagesBody = z.looseObject({
  model: z.string(needed('must be a string')).min(1, 'must not be empty'),
  max_tokens: z.int(needed(WHOLE)).min(0, WHOLE),
  messages: listOf(messageSchema, needed('must be an array')),
  system: contentSchema.nullish(),
  stream: z.boolean('must be true or false').nullish(),
  prompt: notOfTheApi,
  headers: notOfTheApi,
});

export type MessagesBody = z.output<typeof messagesBody>;

/** A field that concerns only the answer; the API refuses it, too, where tokens are counted. */
const ofTheAnswer = z.never('must be left out when tokens are counted').optional();

/** Body of `POST /v1/messages/count_tokens`: that of a message, without the fields that concern the answer. */
export const countTokensBody = messagesBody.extend({
  max_tokens: ofTheAnswer,
  stream: ofTheAnswer,
  stop_sequences: ofTheAnswer,
  metadata: ofTheAnswer,
  temperature: ofTheAnswer,
  top_p: ofTheAnswer,
  top_k: ofTheAnswer,
});

export type CountTokensBody = z.output<typeof countTokensBody>;

/** Validates a body and returns it as it came: with all fields, in their order. */
export class UnchangedBody<Schema extends z.ZodType> extends ZodBody<Schema> {
  override transform(body: unknown): z.output<Schema> {
    super.transform(body);
    return body as z.output<Schema>;
  }
}

/**
 * The request that the executor gets: every field of the body as it came, except `stream`, which concerns only the way to
 * the client, and the client's headers for the provider.
 */
export function toRequest(
  { stream: _, ...body }: Readonly<Record<string, unknown>>,
  headers: IncomingHttpHeaders,
): CompletionRequest {
  const passed = Object.entries(headers).filter(([name, value]) => PASSED_ON.test(name) && value !== '');
  const request: CompletionRequest = body;
  return passed.length === 0 ? request : { ...request, headers: Object.fromEntries(passed.map(asText)) };
}

/** Headers for the provider. New ones are passed on, too: clients get new features by new headers. */
const PASSED_ON = /^(anthropic|x-claude-code)-/;

const asText = ([name, value]: [string, unknown]): [string, string] => [name, String(value)];

/** A request for a message. The signal is created on first use, because a hit needs none. */
export class MessagesCall implements CompletionCall {
  readonly tenant: string;
  readonly request: CompletionRequest;
  readonly policy: RequestCachePolicy;
  readonly isLarge: boolean;
  readonly #reply: FastifyReply;
  #signal: AbortSignal | undefined;

  /** @param body the fields of the request, which reach the executor as they are */
  constructor(
    body: Readonly<Record<string, unknown>>,
    { headers, tenant, isLarge }: FastifyRequest,
    reply: FastifyReply,
  ) {
    this.tenant = tenant.name;
    this.isLarge = isLarge;
    this.request = toRequest(body, headers);
    this.policy = policyOf(this.request, headers['cache-control']);
    this.#reply = reply;
  }

  get signal(): AbortSignal {
    this.#signal ??= clientGoneSignal(this.#reply);
    return this.#signal;
  }

  /** Sends the API's id of the request and its limits, unless the response has begun with pings. */
  onResponse({ requestId, headers }: ServiceResponse): void {
    if (this.#reply.sent || this.#reply.raw.headersSent) return;
    this.#reply.headers({ ...headers, ...(requestId !== null && { 'request-id': requestId }) });
  }
}

const NO_STORE = RequestCachePolicy.of('no-store');

/** What the request's `Cache-Control` means; a request whose answer depends on state elsewhere is never cached. */
function policyOf(request: CompletionRequest, header: string | undefined): RequestCachePolicy {
  const policy = RequestCachePolicy.of(header);
  return dependsOnState(request) && policy.allowsComputing ? NO_STORE : policy;
}

/**
 * Throws if the texts of a request are larger than `maxBytes` together. Images and documents are limited by the size of
 * the body.
 *
 * @throws {ProblemError} 413 naming the field
 */
export function assertTextFits({ prompt, messages, system }: CompletionRequest, maxBytes: number): void {
  const texts = [prompt, system, ...(messages ?? []).map(({ content }) => content)].flatMap(textsOf);
  if (fitsIn(maxBytes, texts)) return;
  const detail = `must be at most ${maxBytes} bytes, the system prompt included`;
  throw new ProblemError(413, `messages: ${detail}`, {
    code: 'ERR_PROMPT_TOO_LARGE',
    errors: [{ field: 'messages', detail }],
  });
}

function textsOf(content: string | ContentBlock[] | null = []): string[] {
  if (content === null) return [];
  if (typeof content === 'string') return [content];
  return content.map(({ text }) => (typeof text === 'string' ? text : ''));
}
