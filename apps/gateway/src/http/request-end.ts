import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { AnswerOrigin } from './answer.js';
import type { ProblemError } from './problem.js';
import type { StreamEnd, StreamProgress } from './stream-progress.js';

/** The status that other servers log when the client left before the response. */
const CLIENT_GONE = 499;
const MICROSECONDS = 1_000;
/** Route of requests that matched none. Text that clients put into a URL is neither logged nor counted. */
export const NO_ROUTE = 'unknown';

/** The part of an error that a log line contains. */
export type RequestFailure = Pick<ProblemError, 'code' | 'upstream' | 'taskId'>;

/** What is known about a request apart from how it ended. */
export interface RequestFacts {
  /** The id that the response carries. */
  readonly id: string;
  readonly method: string;
  /** The route's pattern, such as `/v1/tasks/:id`. */
  readonly route: string;
  /** The name; `undefined` if the request was refused before it was identified. */
  readonly tenant: string | undefined;
  /** Where the answer came from, if there is one. */
  readonly answer: AnswerOrigin | null;
  /** The `Cache-Status` header as sent. */
  readonly cacheStatus: string | undefined;
  /** Why the request failed, or the stream that is its response; `null` if neither did. */
  readonly failure: RequestFailure | null;
  /** The events of a completion, if the response consists of them. */
  readonly progress: StreamProgress | null;
}

/** A request that has ended: its response was sent, or its client left. */
export interface RequestEnd extends Omit<RequestFacts, 'progress'> {
  /** As sent; 499 if the client left before. */
  readonly status: number;
  readonly durationMs: number;
  /** Whether the client left before the response was complete. */
  readonly aborted: boolean;
  /** How the stream of a completion ended; `null` for every other response. */
  readonly stream: StreamEnd | null;
}

export type RequestObserver = (end: RequestEnd) => void;

declare module 'fastify' {
  interface FastifyInstance {
    /** Called for every request that has ended; see {@link watchRequests}. */
    requestObservers: RequestObserver[];
  }
  interface FastifyReply {
    /** Set by whoever sends an error; read by the access log when the response has ended. */
    failure: RequestFailure | null;
  }
}

const REPLY = Symbol('reply');

/** A response with its reply, so that all responses share one listener. */
type ObservedResponse = ServerResponse & { [REPLY]?: FastifyReply };

/** Reports the end of every request to the observers. Must be called before any hook that may refuse a request. */
export function watchRequests(fastify: FastifyInstance): void {
  const observers: RequestObserver[] = [];
  fastify.decorate('requestObservers', observers);
  fastify.decorateReply('answer', null);
  fastify.decorateReply('stream', null);
  fastify.decorateReply('failure', null);
  fastify.addHook('onRequest', (_request, reply, done) => {
    watchReply(reply);
    done();
  });
}

/** Reports the end of this request; for responses that are sent before any hook runs. */
export function watchReply(reply: FastifyReply): void {
  const raw = reply.raw as ObservedResponse;
  raw[REPLY] = reply;
  // Unlike Fastify's onResponse, 'close' is also emitted when the client left. It is emitted once.
  raw.on('close', reportReply);
}

/** Reports the end of a request to each observer. */
export function reportEnd(
  observers: readonly RequestObserver[],
  { headersSent, statusCode, writableFinished }: ServerResponse,
  { id, method, route, tenant, answer, cacheStatus, failure, progress }: RequestFacts,
  elapsedMs: number,
): void {
  const status = headersSent ? statusCode : CLIENT_GONE;
  const durationMs = Math.round(elapsedMs * MICROSECONDS) / MICROSECONDS;
  const aborted = !writableFinished;
  // A spread of the facts would take much longer.
  const end: RequestEnd = {
    id,
    method,
    route,
    tenant,
    answer,
    cacheStatus,
    failure,
    status,
    durationMs,
    aborted,
    stream: progress === null ? null : progress.end(aborted),
  };
  for (const observe of observers) observe(end);
}

function reportReply(this: ObservedResponse): void {
  const reply = this[REPLY]!;
  reportEnd(reply.server.requestObservers, this, factsOf(reply), reply.elapsedTime);
}

function factsOf(reply: FastifyReply): RequestFacts {
  const { request, answer = null, stream = null, failure = null } = reply;
  const { tenant } = request as { tenant?: { name: string } };
  const cacheStatus = reply.getHeader('cache-status');
  return {
    id: request.id,
    method: request.method,
    route: request.routeOptions.url ?? NO_ROUTE,
    tenant: tenant?.name,
    answer,
    cacheStatus: cacheStatus === undefined ? undefined : String(cacheStatus),
    failure,
    progress: stream,
  };
}
