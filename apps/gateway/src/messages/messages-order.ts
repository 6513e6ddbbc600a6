import type { FastifyReply, FastifyRequest } from 'fastify';
import { NO_DIRECTIVES, parseRequestDirectives, type RequestDirectives } from 'nestjs-redis-cache';
import type { CompletionRequest } from 'nestjs-worker-pool';
import type { CompletionOrder } from '../completion/completion-order.js';
import { clientGoneSignal } from '../http/client-gone.js';
import type { MessagesBody } from './messages.schema.js';
import { toRequest } from './to-request.js';

/** An order for a message. Its signal is made when somebody wants it: a hit needs none. */
export class MessagesOrder implements CompletionOrder {
  readonly tenant: string;
  readonly request: CompletionRequest;
  readonly directives: RequestDirectives;
  readonly #reply: FastifyReply;
  #signal: AbortSignal | undefined;

  constructor(body: MessagesBody, { headers, tenant }: FastifyRequest, reply: FastifyReply) {
    this.tenant = tenant.name;
    this.request = toRequest(body);
    const asked = headers['cache-control'];
    this.directives = asked === undefined ? NO_DIRECTIVES : parseRequestDirectives(asked);
    this.#reply = reply;
  }

  get signal(): AbortSignal {
    this.#signal ??= clientGoneSignal(this.#reply);
    return this.#signal;
  }
}
