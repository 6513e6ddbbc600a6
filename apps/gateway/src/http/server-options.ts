import type { Server } from 'node:http';
import type {
  FastifyError,
  FastifyHttpOptions,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
} from 'fastify';
import type { GatewayConfig } from '../config/gateway-config.js';
import { problem, PROBLEM_CONTENT_TYPE, ProblemError } from './problem.js';
import { REQUEST_ID_HEADER } from './request-id.js';
import { watchReply } from './request-end.js';
import type { Socket } from 'node:net';

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

const TIMED_OUT = 'ERR_HTTP_REQUEST_TIMEOUT';
const HEADERS_TOO_LARGE = 'HPE_HEADER_OVERFLOW';

/** What is wrong on a connection whose request could not be read. */
interface ClientError extends Error {
  code?: string;
}

/**
 * Answers a request that never became one: headers too large or too slow, or no HTTP at all. Nothing of
 * what was sent is repeated, and the connection is closed.
 */
export function answerClientError(error: ClientError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, detail, code] = described(error.code);
  const body = JSON.stringify(problem(status, detail, { code }));
  if (socket.writable) socket.write(head(status, body) + body);
  socket.destroy(error);
}

function described(code: string | undefined): [status: number, detail: string, code: string] {
  if (code === TIMED_OUT) return [408, 'The request was not sent in time.', 'ERR_REQUEST_TIMEOUT'];
  if (code === HEADERS_TOO_LARGE) {
    return [431, 'The headers are larger than the limit.', 'ERR_HEADERS_TOO_LARGE'];
  }
  return [400, 'This is no valid HTTP request.', 'ERR_INVALID_HTTP'];
}

function head(status: number, body: string): string {
  const { title } = problem(status, '');
  return [
    `HTTP/1.1 ${status} ${title}`,
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Content-Type: ${PROBLEM_CONTENT_TYPE}`,
    '\r\n',
  ].join('\r\n');
}

/**
 * Lets a DELETE without a body pass that says it has JSON: many clients say so of all they send, and nothing is no
 * JSON.
 */
export function allowBodilessDelete(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ raw }, _reply, done) => {
    const { method, headers } = raw;
    const isEmpty = headers['transfer-encoding'] === undefined && !(Number(headers['content-length']) > 0);
    if (method === 'DELETE' && isEmpty) delete headers['content-type'];
    done();
  });
}

/** A hook that refuses URLs of more than `maxLength` characters with 414. */
export function limitUrl(maxLength: number): onRequestHookHandler {
  const tooLong = new ProblemError(414, `The URL is longer than the limit of ${maxLength} characters.`, {
    code: 'ERR_URL_TOO_LONG',
  });
  return (request, _reply, done) => done(request.raw.url!.length > maxLength ? tooLong : undefined);
}
