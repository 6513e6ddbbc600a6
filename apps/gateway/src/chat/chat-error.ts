import type { ErrorShape } from '../http/route-config.js';
import type { ProblemError } from '../http/problem.js';
import { messagesErrorBody, messagesErrorShape, messagesStatus } from '../messages/messages-error.js';

/** Body of an error response of OpenAI's API, and data of the last event of a stream that failed. */
export interface ChatError {
  error: { message: string; type: string; param: string | null; code: string | null };
}

/** OpenAI's codes that clients act on, by those of the gateway. */
const CODES: Readonly<Record<string, string>> = {
  ERR_NO_API_KEY: 'invalid_api_key',
  ERR_WRONG_API_KEY: 'invalid_api_key',
  ERR_ANTHROPIC_NOT_FOUND: 'model_not_found',
  ERR_UNSUPPORTED_ENDPOINT: 'unsupported_endpoint',
  ERR_UNSUPPORTED_PARAMETER: 'unsupported_parameter',
};
const RATE_LIMIT = 429;
const RATE_LIMIT_CODE = 'rate_limit_exceeded';
/** How the API says that a prompt is longer than the model can read. */
const TOO_LONG = /^prompt is too long/;
const TOO_LONG_CODE = 'context_length_exceeded';

/** The body of an error. The message of an error of the API reaches the client as it came. */
export function chatErrorBody(error: ProblemError, requestId: string): ChatError {
  const status = messagesStatus(error);
  const message = messageOf(messagesErrorBody(error, requestId)) ?? error.message;
  const param = error.more.errors?.[0]?.field ?? null;
  return { error: { message, type: typeOf(status), param, code: codeOf(error, status, message) } };
}

function messageOf(body: object): string | undefined {
  const { message } = Object((body as { error?: unknown }).error) as { message?: unknown };
  return typeof message === 'string' ? message : undefined;
}

function typeOf(status: number): string {
  if (status === RATE_LIMIT) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

function codeOf({ code = '' }: ProblemError, status: number, message: string): string | null {
  if (status === RATE_LIMIT) return RATE_LIMIT_CODE;
  if (TOO_LONG.test(message)) return TOO_LONG_CODE;
  return CODES[code] ?? (code || null);
}

/** Renders errors as OpenAI's API does, with the status and the headers that the Messages API would have. */
export const chatErrorShape: ErrorShape = (error, request) => ({
  ...messagesErrorShape(error, request),
  body: chatErrorBody(error, request.id),
});
