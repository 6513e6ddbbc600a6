import { ExecutorError, type UpstreamFailure } from './executor.error.js';

/** What an {@link AnthropicApiError} tells. */
export interface AnthropicApiFailure extends UpstreamFailure {
  /** What went wrong, in a few words of our own. */
  summary: string;
  /** What the API says of it: short, one line, without prompt and key. May be empty. */
  detail?: string;
  /** The API's id of the request, for its support. */
  requestId?: string | null;
  cause?: unknown;
}

/** Kinds of error that the API names, and the HTTP status of each. */
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

/** The HTTP status that goes with a kind of error; `null` for an unknown one. */
export function statusOfErrorType(type: string | null): number | null {
  return type !== null && Object.hasOwn(STATUS_OF_TYPE, type) ? (STATUS_OF_TYPE[type] ?? null) : null;
}

/** The kind of error that goes with an HTTP status; `null` for one that the API does not use. */
export function errorTypeOfStatus(status: number | null): string | null {
  return Object.keys(STATUS_OF_TYPE).find((type) => STATUS_OF_TYPE[type] === status) ?? null;
}

/**
 * The Anthropic API refused a request, failed, or could not be reached.
 *
 * `code` tells the kind and is all that reaches other processes beside the message:
 * `ERR_ANTHROPIC_INVALID_REQUEST`, `…_AUTHENTICATION`, `…_BILLING`, `…_PERMISSION`, `…_NOT_FOUND`, `…_CONFLICT`,
 * `…_REQUEST_TOO_LARGE`, `…_RATE_LIMIT`, `…_API`, `…_TIMEOUT`, `…_OVERLOADED` after the API's own kinds, and
 * `ERR_ANTHROPIC_CONNECTION` when no answer came or it broke off.
 */
export class AnthropicApiError extends ExecutorError {
  override readonly code: string;
  override readonly upstream: UpstreamFailure;
  /** The API's id of the request, for its support; `null` when there is none. */
  readonly requestId: string | null;

  constructor({ summary, detail, requestId = null, cause, ...upstream }: AnthropicApiFailure) {
    super(detail ? `${summary}: ${detail}` : summary, { cause });
    this.code = codeOf(upstream);
    this.upstream = upstream;
    this.requestId = requestId;
  }
}

function codeOf({ status, type }: UpstreamFailure): string {
  if (status === null && type === null) {
    return 'ERR_ANTHROPIC_CONNECTION';
  }
  const known = statusOfErrorType(type) === null ? errorTypeOfStatus(status) : type;
  return `ERR_ANTHROPIC_${(known ?? 'api_error').replace(/_error$/, '').toUpperCase()}`;
}
