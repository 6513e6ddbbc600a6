import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What other servers say where the client left before the answer. */
const CLIENT_GONE = 499;
const MICROSECONDS = 1_000;
/** Route of requests that no route took. What clients put into a URL is neither logged nor counted by. */
export const NO_ROUTE = 'unknown';

/** A request that is over: its response is out, or its client is gone. */
export interface RequestEnd {
  request: FastifyRequest;
  reply: FastifyReply;
  /** The route's pattern, such as `/v1/tasks/:id`. */
  route: string;
  /** As sent; 499 when the client left before. */
  status: number;
  durationMs: number;
  /** Whether the client left before the response was complete. */
  aborted: boolean;
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
  function tell(this: ObservedResponse): void {
    const end = endOf(this[REPLY]!);
    for (const observe of observers) observe(end);
  }
  fastify.addHook('onRequest', (_request, reply, done) => {
    const raw = reply.raw as ObservedResponse;
    raw[REPLY] = reply;
    // Unlike Fastify's onResponse, this comes for clients that left as well. It comes once, and takes no `once`.
    raw.on('close', tell);
    done();
  });
}

function endOf(reply: FastifyReply): RequestEnd {
  const { request } = reply;
  const { headersSent, statusCode, writableFinished } = reply.raw;
  return {
    request,
    reply,
    route: request.routeOptions.url ?? NO_ROUTE,
    status: headersSent ? statusCode : CLIENT_GONE,
    durationMs: Math.round(reply.elapsedTime * MICROSECONDS) / MICROSECONDS,
    aborted: !writableFinished,
  };
}
