import type { FastifyReply, FastifyRequest } from 'fastify';
import { NO_DIRECTIVES, parseRequestDirectives, type RequestDirectives } from 'nestjs-redis-cache';
import type { CompletionRequest } from 'nestjs-worker-pool';
import { clientGoneSignal } from '../http/client-gone.js';
import { type CompletionBody, toCompletionRequest } from './completion.schema.js';
import type { CompletionOrder } from './completion-order.js';

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
