import { TaskFailedError } from '../completions/errors.js';
import type { ErrorShape } from '../http/route-config.js';
import type { ProblemError } from '../http/problem.js';

/** The API's error types by status. Other statuses are `invalid_request_error` below 500, otherwise `api_error`. */
const TYPE_OF_STATUS: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** Errors of the API that a client can act on, with the status that the API itself sends. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  ERR_ANTHROPIC_INVALID_REQUEST: 400,
  ERR_ANTHROPIC_NOT_FOUND: 404,
  ERR_ANTHROPIC_REQUEST_TOO_LARGE: 413,
  ERR_ANTHROPIC_RATE_LIMIT: 429,
  ERR_ANTHROPIC_API: 500,
  ERR_ANTHROPIC_TIMEOUT: 504,
  ERR_ANTHROPIC_OVERLOADED: 529,
};

/** Errors of the gateway's own key or account, which neither the client nor a retry can fix. */
const OWN_ACCOUNT: ReadonlySet<string> = new Set([
  'ERR_ANTHROPIC_AUTHENTICATION',
  'ERR_ANTHROPIC_BILLING',
  'ERR_ANTHROPIC_PERMISSION',
]);
/** Statuses of an API behind another executor that the client gets unchanged. */
const PASSED_ON: ReadonlySet<number> = new Set([400, 404, 413, 429, 500, 529]);

/** Returns the status that a client of the Messages API gets for an error. */
export function messagesStatus(error: ProblemError): number {
  const known = STATUS_OF_CODE[error.code ?? ''];
  const upstream = error instanceof TaskFailedError ? error.upstream?.status : undefined;
  return known ?? (upstream && PASSED_ON.has(upstream) ? upstream : error.status);
}

/** Body of an error response, and data of an `error` event. */
export interface MessagesError {
  type: 'error';
  error: { type: string; message: string };
  request_id: string;
}

/** Creates an error body of the Messages API. */
export function messagesError(status: number, message: string, requestId: string): MessagesError {
  const type = TYPE_OF_STATUS[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  return { type: 'error', error: { type, message }, request_id: requestId };
}

/**
 * Renders errors as the Messages API does, with the headers that its SDKs read. After a timeout a client must not retry,
 * because the completion may already have been paid for.
 */
export const messagesErrorShape: ErrorShape = (error, { id }) => {
  const status = messagesStatus(error);
  const isFinal = status === 504 || OWN_ACCOUNT.has(error.code ?? '');
  return {
    status,
    contentType: 'application/json; charset=utf-8',
    headers: { 'request-id': id, ...(isFinal && { 'x-should-retry': 'false' }) },
    body: messagesError(status, error.message, id),
  };
};
