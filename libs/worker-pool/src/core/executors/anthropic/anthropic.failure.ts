import type Anthropic from '@anthropic-ai/sdk';
import { ExecutorError, type UpstreamFailure } from '../../contract/errors.js';
import { safeTail } from '../../process/safe-tail.js';

/** Codes of failures of the operator's key or account. */
const OWN_ACCOUNT: ReadonlySet<string> = new Set([
  'ERR_ANTHROPIC_AUTHENTICATION',
  'ERR_ANTHROPIC_BILLING',
  'ERR_ANTHROPIC_PERMISSION',
]);

/** Constructor argument of an {@link AnthropicApiError}. */
export interface AnthropicApiFailure extends UpstreamFailure {
  /** What went wrong, in this package's words. */
  summary: string;
  /** The API's own message: short, one line, without prompt and key. May be empty. Logged only if it is about the account. */
  detail?: string;
  cause?: unknown;
}

/**
 * The Anthropic API refused a request, failed, or could not be reached.
 *
 * `code` names the kind of failure; other processes receive only `code`, `message` and `upstream`:
 * `ERR_ANTHROPIC_INVALID_REQUEST`, `…_AUTHENTICATION`, `…_BILLING`, `…_PERMISSION`, `…_NOT_FOUND`, `…_CONFLICT`,
 * `…_REQUEST_TOO_LARGE`, `…_RATE_LIMIT`, `…_API`, `…_TIMEOUT`, `…_OVERLOADED` follow the API's own error types;
 * `ERR_ANTHROPIC_CONNECTION` means that no answer came or that it broke off.
 */
export class AnthropicApiError extends ExecutorError {
  override readonly code: string;
  override readonly upstream: UpstreamFailure;
  /** The API's id of the request, for its support; `null` when there is none. */
  readonly requestId: string | null;

  constructor({ summary, detail, requestId = null, body, cause, ...upstream }: AnthropicApiFailure) {
    const code = codeOf(upstream);
    // What the API says about the account is for its owner.
    const isOwn = OWN_ACCOUNT.has(code);
    super(detail && !isOwn ? `${summary}: ${detail}` : summary, {
      cause,
      ...(isOwn && { logDetail: detail }),
    });
    this.code = code;
    this.upstream = { ...upstream, requestId };
    // Not enumerable, so that a logged error does not quote the request.
    if (body !== undefined) Object.defineProperty(this.upstream, 'body', { value: body });
    this.requestId = requestId;
  }
}

/** The API's error types and their HTTP statuses. */
const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

function statusOfType(type: string | null): number | null {
  return type !== null && Object.hasOwn(STATUS_OF_TYPE, type) ? (STATUS_OF_TYPE[type] ?? null) : null;
}

function typeOfStatus(status: number | null): string | null {
  return Object.keys(STATUS_OF_TYPE).find((type) => STATUS_OF_TYPE[type] === status) ?? null;
}

function codeOf({ status, type }: UpstreamFailure): string {
  if (status === null && type === null) {
    return 'ERR_ANTHROPIC_CONNECTION';
  }
  const known = statusOfType(type) === null ? typeOfStatus(status) : type;
  return `ERR_ANTHROPIC_${(known ?? 'api_error').replace(/_error$/, '').toUpperCase()}`;
}

/** The error classes of the SDK, which is loaded late. */
type ErrorClasses = Pick<typeof Anthropic, 'AnthropicError' | 'APIError' | 'APIConnectionTimeoutError'>;
type ApiError = InstanceType<typeof Anthropic.APIError>;

const ERROR_TYPE = /^[a-z_]{1,64}$/;
const SYSTEM_CODE = /^\w{1,64}$/;
const MAX_CAUSES = 5;
const MAX_BODY_CHARS = 16_384;
const MASK = '[key]';

/** The request that failed. Neither its key nor its texts may appear in a message or a log line. */
export interface FailedRequest {
  apiKey: string;
  /** The texts of the request. */
  texts: readonly string[];
  /** How often the SDK may have repeated it. */
  maxRetries: number;
}

/**
 * Converts an error of the SDK into one of this package. Any other error is returned unchanged: it is unexpected, so
 * the pool reports its kind and logs its stack.
 *
 * @param request what must not appear in the message, and how often it was tried
 */
export async function anthropicFailure(
  thrown: unknown,
  request: FailedRequest,
  { AnthropicError, APIError, APIConnectionTimeoutError }: ErrorClasses,
): Promise<unknown> {
  const isFinal = request.maxRetries > 0;
  const base = { status: null, type: null, retryAfterMs: null, isFinal, cause: thrown };
  if (!(thrown instanceof AnthropicError)) {
    return thrown;
  }
  if (thrown instanceof APIConnectionTimeoutError) {
    const summary = 'the Anthropic API did not answer in time';
    return new AnthropicApiError({ ...base, type: 'timeout_error', summary });
  }
  if (!(thrown instanceof APIError) || (thrown.status === undefined && thrown.type === null)) {
    const summary = `the Anthropic API gave no answer${systemCodeOf(thrown)}`;
    return new AnthropicApiError({ ...base, summary });
  }
  return refusalOf(thrown, request);
}

async function refusalOf(
  error: ApiError,
  { apiKey, texts, maxRetries }: FailedRequest,
): Promise<AnthropicApiError> {
  const type = error.type !== null && ERROR_TYPE.test(error.type) ? error.type : null;
  const status = error.status ?? statusOfType(type);
  return new AnthropicApiError({
    summary: ['the Anthropic API answered', status ?? [], type ?? []].flat().join(' '),
    detail: typeof error.apiMessage === 'string' ? await safeTail(error.apiMessage, [apiKey, ...texts]) : '',
    status,
    type,
    retryAfterMs: retryAfterMsOf(error.headers),
    requestId: error.requestID ?? null,
    // An error event, which has no status, comes after the beginning of the answer.
    isFinal: error.status === undefined || maxRetries > 0,
    ...bodyOf(error, apiKey),
    // Without `cause`: the SDK's error holds the whole response, which may quote the prompt.
  });
}

function bodyOf({ error }: ApiError, apiKey: string): { body?: string } {
  if (typeof error !== 'object' || error === null) return {};
  const body = JSON.stringify(error).replaceAll(apiKey, MASK);
  return body.length > MAX_BODY_CHARS ? {} : { body };
}

/** The delay that the API requests: `retry-after-ms`, or `retry-after` in seconds or as a date. */
function retryAfterMsOf(headers: Headers | undefined): number | null {
  const ms = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  const after = headers?.get('retry-after') ?? '';
  const seconds = /^\s*\d+(\.\d+)?\s*$/.test(after) ? Number(after) : (Date.parse(after) - Date.now()) / 1000;
  const wait = [ms, seconds * 1000].find((value) => Number.isFinite(value));
  return wait === undefined ? null : Math.max(0, Math.ceil(wait));
}

/** The system code of a broken connection, such as ` (ECONNREFUSED)`, found in the chain of causes. */
export function systemCodeOf(thrown: unknown, depth = 0): string {
  const { code, cause } = Object(thrown) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string' && SYSTEM_CODE.test(code)) {
    return ` (${code})`;
  }
  return cause === undefined || depth > MAX_CAUSES ? '' : systemCodeOf(cause, depth + 1);
}
