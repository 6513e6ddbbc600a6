import type { Server } from 'node:http';
import type { FastifyError, FastifyHttpOptions, FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config/gateway-config.js';
import { PROBLEM_CONTENT_TYPE, problem } from './problem.js';
import { REQUEST_ID_HEADER } from '../logging/request-id.js';
import { answerClientError } from './raw-problem.js';
import { watchReply } from './request-end.js';

/** How often connections are looked at for those that are too slow, at most. */
const MAX_CHECK_INTERVAL_MS = 1_000;
const MIN_CONNECTION_TIMEOUT_MS = 600_000;
/** What a task may take beyond its time limit until its answer is on its way. */
const ANSWER_MARGIN_MS = 60_000;
/** Characters of a part of a path: a tag of 1,024 characters, escaped. */
const MAX_PARAM_LENGTH = 3_072;

/** What a client may send, and how slowly. */
export function serverOptions(env: GatewayConfig): FastifyHttpOptions<Server> {
  return {
    bodyLimit: env.MAX_BODY_BYTES,
    trustProxy: env.TRUST_PROXY,
    requestTimeout: env.REQUEST_TIMEOUT_MS,
    keepAliveTimeout: env.KEEP_ALIVE_TIMEOUT_MS,
    connectionTimeout: env.CONNECTION_TIMEOUT_MS ?? connectionTimeout(env.TASK_TIMEOUT_MS),
    http: {
      maxHeaderSize: env.MAX_HEADER_BYTES,
      headersTimeout: Math.min(env.HEADERS_TIMEOUT_MS, env.REQUEST_TIMEOUT_MS),
      connectionsCheckingInterval: Math.min(env.HEADERS_TIMEOUT_MS, MAX_CHECK_INTERVAL_MS),
    },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    clientErrorHandler: answerClientError,
    frameworkErrors: answerRouterError,
  };
}

// A request whose answer is being computed is silent: this must not end it before its task has its time.
function connectionTimeout(taskTimeoutMs: number): number {
  return Math.max(MIN_CONNECTION_TIMEOUT_MS, taskTimeoutMs + ANSWER_MARGIN_MS);
}

// The router answers what no route can be looked up for, before any hook.
function answerRouterError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  watchReply(reply);
  const status = error.statusCode ?? 400;
  const detail = status === 414 ? 'A part of the path is longer than the limit.' : 'The URL is not valid.';
  const body = problem(status, detail, { code: 'ERR_INVALID_URL' });
  reply.status(status).header(REQUEST_ID_HEADER, request.id);
  void reply.header('Content-Type', PROBLEM_CONTENT_TYPE).send(body);
}
