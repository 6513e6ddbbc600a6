import type { Socket } from 'node:net';
import { PROBLEM_CONTENT_TYPE, problem } from './problem.js';

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
