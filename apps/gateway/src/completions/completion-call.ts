import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GetOrSetOptions, GetOrStreamOptions } from 'nestjs-redis-cache';
import { RequestCachePolicy } from 'nestjs-redis-cache/http';
import type { Completion, CompletionEvent, CompletionRequest } from 'nestjs-worker-pool';
import { parseDictionary } from 'structured-headers';
import { clientGoneSignal } from '../http/client-gone.js';
import type { Answer } from '../http/answer.js';
import { isWhole } from '../pool/stored-completion.js';
import { scopedTags } from '../tenants/tenant.js';
import { type StreamableBody, toCompletionRequest } from './completion-body.js';
import { collectPieces, type CompletionPiece, replayPieces } from './completion-pieces.js';

/** Preference of a client that does not want to wait (RFC 7240). */
export const RESPOND_ASYNC = 'respond-async';

/** A request for a completion, and how to cache it. */
export interface CompletionCall {
  /** Name of the tenant. Tenants share no answers. */
  readonly tenant: string;
  readonly request: CompletionRequest;
  /** TTL of the cached answer in seconds. Default: that of the cache. */
  readonly ttlSeconds?: number | undefined;
  /** Tags by which the tenant can invalidate the answer. */
  readonly tags?: readonly string[] | undefined;
  /** What the request's `Cache-Control` means. Default: that of a request without the header. */
  readonly policy?: RequestCachePolicy | undefined;
  /** Calls with different variants share no answer, although the executor gets the same. Default: none. */
  readonly variant?: string | undefined;
  /** Whether the request is handled in steps, between which others are served. Default: false. */
  readonly isLarge?: boolean | undefined;
  /** Aborts when the caller no longer waits. Read only if something has to be computed. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the service behind the executor begins its response to this call. */
  onResponse?(response: ServiceResponse): void;
}

/** What the service behind the executor says about its response. */
export interface ServiceResponse {
  /** The service's id of the request. */
  readonly requestId: string | null;
  /** Headers for the client, such as the limits of the account. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The response that a piece announces; `undefined` for a piece of the completion. */
export function responseIn(piece: { readonly type: string }): ServiceResponse | undefined {
  if (piece.type !== 'response') return undefined;
  const { request_id: requestId, headers } = piece as CompletionEvent;
  return { requestId, headers } as ServiceResponse;
}

/** The policy of a call. */
export function policyOf({ policy = RequestCachePolicy.DEFAULT }: CompletionCall): RequestCachePolicy {
  return policy;
}

/** A completion and where it came from. */
export type CompletionAnswer = Answer<Completion>;

/** A call that came over HTTP. Its signal is created when it is first read: a hit needs none. */
export class HttpCompletionCall implements CompletionCall {
  readonly tenant: string;
  readonly request: CompletionRequest;
  readonly ttlSeconds: number | undefined;
  readonly tags: readonly string[] | undefined;
  readonly policy: RequestCachePolicy;
  readonly isLarge: boolean;
  readonly #reply: FastifyReply;
  #signal: AbortSignal | undefined;

  constructor(body: StreamableBody, { headers, tenant, isLarge }: FastifyRequest, reply: FastifyReply) {
    this.tenant = tenant.name;
    this.isLarge = isLarge;
    this.request = toCompletionRequest(body);
    this.ttlSeconds = body.ttl_seconds;
    this.tags = body.tags;
    this.policy = RequestCachePolicy.of(headers['cache-control']);
    this.#reply = reply;
  }

  get signal(): AbortSignal {
    this.#signal ??= clientGoneSignal(this.#reply);
    return this.#signal;
  }
}

type AccessPolicies = RequestCachePolicy['access'];

/** A call's options for `getOrSetEntry`. The call's signal is read only if the cache reads it, which a hit does not. */
export class CallOptions implements GetOrSetOptions {
  readonly ttlSeconds: number | undefined;
  readonly tags: readonly string[] | undefined;
  readonly shouldCache = isWhole;
  readonly readPolicy: AccessPolicies['readPolicy'];
  readonly writePolicy: AccessPolicies['writePolicy'];
  readonly #call: CompletionCall;

  constructor(call: CompletionCall, { readPolicy, writePolicy }: AccessPolicies = {}) {
    this.#call = call;
    this.ttlSeconds = call.ttlSeconds;
    this.tags = call.tags && scopedTags(call.tenant, call.tags);
    this.readPolicy = readPolicy;
    this.writePolicy = writePolicy;
  }

  get signal(): AbortSignal | undefined {
    return this.#call.signal;
  }
}

/** A call's options for `getOrStream`. */
export class StreamCallOptions
  extends CallOptions
  implements GetOrStreamOptions<CompletionPiece, Completion>
{
  readonly collect = collectPieces;
  readonly replay = replayPieces;
}

/** Whether a `Prefer` header contains `respond-async`. A malformed header contains nothing. */
export function prefersAsync(header: string | string[] | undefined): boolean {
  if (header === undefined) return false;
  try {
    // Names of preferences are case-insensitive, those of structured fields are lower-case.
    return parseDictionary(String(header).toLowerCase()).has(RESPOND_ASYNC);
  } catch {
    return false;
  }
}

const EVENTS = 'text/event-stream';
const JSON_TYPE = 'application/json';

/**
 * Whether a client wants the events of a completion: `stream` in the body decides, otherwise an `Accept` header that
 * names `text/event-stream` and not `application/json`.
 */
export function wantsEvents({ stream }: StreamableBody, accept: string | undefined): boolean {
  return stream ?? acceptsEvents(accept);
}

/** Whether an `Accept` header asks for events instead of JSON. */
export function acceptsEvents(accept = ''): boolean {
  return accept.includes(EVENTS) && !accept.includes(JSON_TYPE);
}
