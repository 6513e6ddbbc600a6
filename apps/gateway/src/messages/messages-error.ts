import type { UpstreamFailure } from 'nestjs-worker-pool';
import { TaskFailedError } from '../completions/errors.js';
import type { ErrorShape } from '../http/route-config.js';
import type { ProblemError } from '../http/problem.js';
import { NO_ROOM_CODE } from '../limits/body-budget.js';

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
/** Errors of the gateway for which the API has a status of its own. */
const STATUS_OF_OWN_CODE: Readonly<Record<string, number>> = { [NO_ROOM_CODE]: 529 };

/** Errors of the gateway's own key or account, which neither the client nor a retry can fix. */
const OWN_ACCOUNT: ReadonlySet<string> = new Set([
  'ERR_ANTHROPIC_AUTHENTICATION',
  'ERR_ANTHROPIC_BILLING',
  'ERR_ANTHROPIC_PERMISSION',
]);
const OWN_ACCOUNT_STATUS: ReadonlySet<number | null | undefined> = new Set([401, 402, 403]);
/** Statuses of an API behind another executor that the client gets unchanged. */
const PASSED_ON: ReadonlySet<number> = new Set([400, 404, 413, 429, 500, 529]);

/** Returns the status that a client of the Messages API gets for an error. */
export function messagesStatus(error: ProblemError): number {
  const known = STATUS_OF_CODE[error.code ?? ''] ?? STATUS_OF_OWN_CODE[error.code ?? ''];
  const upstream = upstreamOf(error)?.status;
  return known ?? (upstream && PASSED_ON.has(upstream) ? upstream : error.status);
}

/** Body of an error response, and data of an `error` event. */
export interface MessagesError {
  type: 'error';
  error: { type: string; message: string; details?: object };
  request_id: string;
}

/** Creates an error body of the Messages API. */
export function messagesError(
  status: number,
  message: string,
  requestId: string,
  details?: object,
): MessagesError {
  const type = TYPE_OF_STATUS[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  return { type: 'error', error: { ...(details && { details }), type, message }, request_id: requestId };
}

/**
 * The body of an error. An error of the API reaches the client as it came, because clients recognise its wording; one of
 * the gateway has the same form.
 */
export function messagesErrorBody(error: ProblemError, requestId: string): object {
  const body = isOfTheApi(error) ? upstreamOf(error)?.body : undefined;
  if (body !== undefined) return JSON.parse(body) as object;
  return messagesError(messagesStatus(error), error.message, idOf(error, requestId), detailsOf(error));
}

/** The API's id of the request, which its support asks for, or else the gateway's. */
function idOf(error: ProblemError, requestId: string): string {
  return upstreamOf(error)?.requestId ?? requestId;
}

function upstreamOf(error: ProblemError): UpstreamFailure | undefined {
  return error instanceof TaskFailedError ? error.upstream : undefined;
}

/** Whether the client gets the status of the API. */
function isOfTheApi({ code = '' }: ProblemError): boolean {
  return Object.hasOwn(STATUS_OF_CODE, code);
}

const THREAD = 'thread';

/** Tells the SDK's tool runner that it has to send the whole conversation; it then does so by itself. */
function detailsOf({ more: { errors = [] } }: ProblemError): object | undefined {
  if (errors[0]?.field !== THREAD) return undefined;
  return { error_code: 'thread_unsupported_request', unsupported: [THREAD] };
}

const OF_THE_API = /^ERR_ANTHROPIC_/;

/**
 * Whether a client should not repeat a request: it may have been paid for, as after a timeout; the API was tried as often
 * as configured; or a retry cannot help. Where another process failed, only the code is known.
 */
function isFinal(error: ProblemError, status: number): boolean {
  const { code = '' } = error;
  if (status === 504 || OWN_ACCOUNT.has(code) || OWN_ACCOUNT_STATUS.has(upstreamOf(error)?.status))
    return true;
  return error instanceof TaskFailedError ? error.upstream?.isFinal === true : OF_THE_API.test(code);
}

/** Renders errors as the Messages API does, with the headers that its SDKs read. */
export const messagesErrorShape: ErrorShape = (error, { id }) => {
  const status = messagesStatus(error);
  return {
    status,
    contentType: 'application/json; charset=utf-8',
    headers: {
      'request-id': idOf(error, id),
      ...(isFinal(error, status) && { 'x-should-retry': 'false' }),
    },
    body: messagesErrorBody(error, id),
  };
};
