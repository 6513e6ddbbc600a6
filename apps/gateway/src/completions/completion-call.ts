import type { CacheResult, GetOrSetOptions } from 'nestjs-redis-cache';
import {
  type CacheStatus,
  NO_DIRECTIVES,
  parseRequestDirectives,
  type RequestDirectives,
} from 'nestjs-redis-cache/http';
import type { Completion, CompletionRequest } from 'nestjs-worker-pool';
import { scopedTags } from '../tenants/tenant.js';
import { isWhole } from '../pool/stored-completion.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientGoneSignal } from '../http/client-gone.js';
import { type CompletionBody, toCompletionRequest } from './completion-body.js';
import { parseDictionary } from 'structured-headers';

/** A request, and what concerns its answer beside it. */
export interface CompletionOrder {
  /** Name of whose answer it is; others neither see it nor wait for it. */
  readonly tenant: string;
  readonly request: CompletionRequest;
  /** TTL of the answer in the cache, in seconds; default: that of the cache. */
  readonly ttlSeconds?: number | undefined;
  /** Names under which the tenant can invalidate the answer. */
  readonly tags?: readonly string[] | undefined;
  /** What the request asks of the cache; default: nothing in particular. */
  readonly directives?: RequestDirectives | undefined;
  /** Aborts when nobody waits any more. Looked at only where there is something to wait for. */
  readonly signal?: AbortSignal | undefined;
}

/** An answer, and how it was come by. */
export interface CompletionAnswer {
  readonly result: CacheResult<Completion>;
  /** For the `Cache-Status` header. */
  readonly cacheStatus: CacheStatus;
}

/** Whether the answer cost its asker nothing: it was stored, or computed for another request. */
export function isFree({ source, status }: Pick<CacheResult<unknown>, 'source' | 'status'>): boolean {
  return source !== 'factory' || status === 'collapsed';
}

/** What a request may ask of the cache beside the usual. */
type Policies = Pick<GetOrSetOptions, 'readPolicy' | 'writePolicy'>;

/** An order's options of `getOrSetEntry`. The signal is fetched when it is wanted: a hit waits for nothing. */
export class CallOptions implements GetOrSetOptions {
  readonly ttlSeconds: number | undefined;
  readonly tags: readonly string[] | undefined;
  readonly shouldCache = isWhole;
  readonly readPolicy: Policies['readPolicy'];
  readonly writePolicy: Policies['writePolicy'];
  readonly #order: CompletionOrder;

  constructor(order: CompletionOrder, { readPolicy, writePolicy }: Policies = {}) {
    this.#order = order;
    this.ttlSeconds = order.ttlSeconds;
    this.tags = order.tags && scopedTags(order.tenant, order.tags);
    this.readPolicy = readPolicy;
    this.writePolicy = writePolicy;
  }

  get signal(): AbortSignal | undefined {
    return this.#order.signal;
  }
}

/** An order that came over HTTP. Its signal is made when somebody wants it: a hit needs none. */
export class HttpOrder implements CompletionOrder {
  readonly tenant: string;
  readonly request: CompletionRequest;
  readonly ttlSeconds: number | undefined;
  readonly tags: readonly string[] | undefined;
  readonly directives: RequestDirectives;
  readonly #reply: FastifyReply;
  #signal: AbortSignal | undefined;

  constructor(body: CompletionBody, { headers, tenant }: FastifyRequest, reply: FastifyReply) {
    this.tenant = tenant.name;
    this.request = toCompletionRequest(body);
    this.ttlSeconds = body.ttl_seconds;
    this.tags = body.tags;
    const asked = headers['cache-control'];
    this.directives = asked === undefined ? NO_DIRECTIVES : parseRequestDirectives(asked);
    this.#reply = reply;
  }

  get signal(): AbortSignal {
    this.#signal ??= clientGoneSignal(this.#reply);
    return this.#signal;
  }
}

const RESPOND_ASYNC = 'respond-async';

/** What is said to a client whose wish was granted (RFC 7240). */
export const PREFERENCE_APPLIED = RESPOND_ASYNC;

/** Whether a `Prefer` header asks not to be waited for. One that cannot be read asks for nothing. */
export function prefersAsync(header: string | string[] | undefined): boolean {
  if (header === undefined) return false;
  try {
    // Names of preferences may be in capitals, those of structured fields may not.
    return parseDictionary(String(header).toLowerCase()).has(RESPOND_ASYNC);
  } catch {
    return false;
  }
}
