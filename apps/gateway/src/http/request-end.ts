import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Tenant } from '../tenants/tenant.js';
import type { AnswerNote } from './answer-note.js';

/** What other servers say where the client left before the answer. */
const CLIENT_GONE = 499;
const MICROSECONDS = 1_000;
/** Route of requests that no route took. What clients put into a URL is neither logged nor counted by. */
export const NO_ROUTE = 'unknown';

/** A request that is over: its response is out, or its client is gone. */
export interface RequestEnd {
  /** The id that the response carries. */
  readonly id: string;
  readonly method: string;
  /** The route's pattern, such as `/v1/tasks/:id`. */
  readonly route: string;
  /** As sent; 499 when the client left before. */
  readonly status: number;
  readonly durationMs: number;
  /** Whether the client left before the response was complete. */
  readonly aborted: boolean;
  /** `undefined` where a request was refused before anybody asked who it is. */
  readonly tenant: string | undefined;
  /** How the answer was come by, if it is one. */
  readonly answer: AnswerNote | null;
  /** The header `Cache-Status` as sent. */
  readonly cacheStatus: string | undefined;
}

export type RequestObserver = (end: RequestEnd) => void;

declare module 'fastify' {
  interface FastifyInstance {
    /** Who is told of every request that is over; see {@link watchRequests}. */
    requestObservers: RequestObserver[];
  }
}

const REPLY = Symbol('reply');

/** A response that knows its reply, so that all can share one listener. */
type ObservedResponse = ServerResponse & { [REPLY]?: FastifyReply };

/** Tells observers of every request that is over. Has to come before whatever may refuse a request. */
export function watchRequests(fastify: FastifyInstance): void {
  const observers: RequestObserver[] = [];
  fastify.decorate('requestObservers', observers);
  fastify.decorateReply('answer', null);
  fastify.addHook('onRequest', (_request, reply, done) => {
    watchReply(reply);
    done();
  });
}

/** Tells the observers of the end of this request, for what is answered before any hook. */
export function watchReply(reply: FastifyReply): void {
  const raw = reply.raw as ObservedResponse;
  raw[REPLY] = reply;
  // Unlike Fastify's onResponse, this comes for clients that left as well. It comes once, and takes no `once`.
  raw.on('close', tell);
}

function tell(this: ObservedResponse): void {
  const reply = this[REPLY]!;
  tellAll(reply.server.requestObservers, endOf(reply));
}

/** Tells each of them of a request that is over. */
export function tellAll(observers: readonly RequestObserver[], end: RequestEnd): void {
  for (const observe of observers) observe(end);
}

/** A duration as it is told: in milliseconds, to the microsecond. */
export function durationOf(milliseconds: number): number {
  return Math.round(milliseconds * MICROSECONDS) / MICROSECONDS;
}

function endOf(reply: FastifyReply): RequestEnd {
  const { request, raw, answer = null } = reply;
  const tenant = request.tenant as Tenant | undefined;
  const cacheStatus = reply.getHeader('cache-status');
  return {
    id: request.id,
    method: request.method,
    route: request.routeOptions.url ?? NO_ROUTE,
    status: statusOf(raw),
    durationMs: durationOf(reply.elapsedTime),
    aborted: !raw.writableFinished,
    tenant: tenant?.name,
    answer,
    cacheStatus: cacheStatus === undefined ? undefined : String(cacheStatus),
  };
}

/** The status that a client has seen. */
export function statusOf({ headersSent, statusCode }: ServerResponse): number {
  return headersSent ? statusCode : CLIENT_GONE;
}
