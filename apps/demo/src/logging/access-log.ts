import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { REQUEST_ID_HEADER } from './request-id.js';

/** What other servers say where the client left before the answer. */
const CLIENT_GONE = 499;
const MICROSECONDS = 1_000;

/** One line of the access log. The path is the route's pattern: what a client puts into a URL is not logged. */
export interface AccessLine {
  requestId: string;
  method: string;
  route: string;
  status: number;
  cache: string | undefined;
  source: string | undefined;
  /** `undefined` where the key was not accepted. */
  tenant: string | undefined;
  durationMs: number;
  aborted: true | undefined;
}

/**
 * Logs one line for each request, when its response is out or its client is gone, and gives each response its
 * request id. Has to come before whatever may refuse a request.
 */
export function useAccessLog(fastify: FastifyInstance, logger: Logger): void {
  fastify.decorateReply('answerSource', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header(REQUEST_ID_HEADER, request.id);
    // Unlike Fastify's onResponse, this comes for clients that left as well.
    reply.raw.once('close', () => logger.info(accessLine(request, reply)));
    done();
  });
}

function accessLine(request: FastifyRequest, reply: FastifyReply): AccessLine {
  const gone = !reply.raw.writableFinished;
  return {
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url ?? 'unknown',
    status: gone && !reply.raw.headersSent ? CLIENT_GONE : reply.raw.statusCode,
    cache: text(reply.getHeader('cache-status')),
    source: reply.answerSource ?? undefined,
    tenant: request.tenant?.name,
    durationMs: Math.round(reply.elapsedTime * MICROSECONDS) / MICROSECONDS,
    aborted: gone || undefined,
  };
}

function text(header: number | string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header);
}
