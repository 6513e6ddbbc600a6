import type { Server } from 'node:http';
import type { Socket } from 'node:net';
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
import { watchReply } from './request-end.js';
import { REQUEST_ID_HEADER } from './request-id.js';

/** Characters of one part of a path: a tag of 1,024 characters, escaped. */
const MAX_PARAM_LENGTH = 3_072;
const TIMED_OUT = 'ERR_HTTP_REQUEST_TIMEOUT';
const HEADERS_TOO_LARGE = 'HPE_HEADER_OVERFLOW';

/** Fastify's options that limit what a client may send. */
export function serverOptions(
  config: GatewayConfig,
): Pick<
  FastifyHttpOptions<Server>,
  | 'bodyLimit'
  | 'trustProxy'
  | 'routerOptions'
  | 'clientErrorHandler'
  | 'frameworkErrors'
  | 'return503OnClosing'
> {
  return {
    bodyLimit: config.MAX_BODY_BYTES,
    trustProxy: config.TRUST_PROXY,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH, ignoreTrailingSlash: true },
    clientErrorHandler: answerClientError,
    frameworkErrors: answerRouterError,
    // A request that arrives just before the end is served.
    return503OnClosing: false,
  };
}

// The router rejects URLs that it cannot match before any hook runs.
function answerRouterError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  watchReply(reply);
  const status = error.statusCode ?? 400;
  const detail = status === 414 ? 'A part of the path is longer than the limit.' : 'The URL is not valid.';
  const failure = new ProblemError(status, detail, { code: 'ERR_INVALID_URL' });
  reply.failure = failure;
  const body = problem(status, detail, failure.more);
  reply.status(status).header(REQUEST_ID_HEADER, request.id);
  void reply.header('Content-Type', PROBLEM_CONTENT_TYPE).send(body);
}

/** An error on a connection whose request could not be parsed. */
interface ClientError extends Error {
  code?: string;
}

/**
 * Responds to a request that could not be parsed: headers too large or too slow, or not HTTP at all. The response
 * repeats nothing that was sent, and the connection is closed.
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
  return [400, 'This is not a valid HTTP request.', 'ERR_INVALID_HTTP'];
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
 * Accepts a DELETE without a body whose `Content-Type` says JSON: many clients send the header with every request,
 * and an empty body is not valid JSON.
 */
export function allowBodilessDelete(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ raw }, _reply, done) => {
    const { method, headers } = raw;
    const isEmpty = headers['transfer-encoding'] === undefined && !(Number(headers['content-length']) > 0);
    if (method === 'DELETE' && isEmpty) delete headers['content-type'];
    done();
  });
}

const JSON_TYPE = /^application\/json\s*(;|$)/i;
const NOT_JSON = new ProblemError(415, 'The body must be application/json.', {
  code: 'ERR_MEDIA_TYPE',
  errors: [{ field: 'body', detail: 'must be application/json' }],
});

/**
 * Refuses every media type but JSON with 415, also of an empty body, which no parser sees: a form of any web page can send
 * text and URL-encoded fields, but no JSON.
 */
export const refuseOtherTypes: onRequestHookHandler = ({ method, headers }, _reply, done) => {
  const type = headers['content-type'];
  done(isSafe(method) || type === undefined || JSON_TYPE.test(type) ? undefined : NOT_JSON);
};

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether requests with this method change nothing and cost nothing. */
export function isSafe(method: string): boolean {
  return SAFE_METHODS.has(method);
}

/** Creates a hook that refuses URLs of more than `maxLength` characters with 414. */
export function limitUrl(maxLength: number): onRequestHookHandler {
  const tooLong = new ProblemError(414, `The URL is longer than the limit of ${maxLength} characters.`, {
    code: 'ERR_URL_TOO_LONG',
  });
  return (request, _reply, done) => done(request.raw.url!.length > maxLength ? tooLong : undefined);
}
