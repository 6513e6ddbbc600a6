import type Anthropic from '@anthropic-ai/sdk';
import { AnthropicApiError, statusOfErrorType } from '../../errors/anthropic-api.error.js';
import { safeTail } from '../../process/safe-tail.js';

/** The SDK, as far as its errors are concerned. */
type ErrorClasses = Pick<typeof Anthropic, 'AnthropicError' | 'APIError' | 'APIConnectionTimeoutError'>;
type ApiError = InstanceType<typeof Anthropic.APIError>;

const ERROR_TYPE = /^[a-z_]{1,64}$/;
const SYSTEM_CODE = /^\w{1,64}$/;
const MAX_CAUSES = 5;

/**
 * What the SDK threw, as an error of this package. What is no error of the SDK is given back as it is: nobody
 * foresaw it, so the pool tells its kind and logs where it came from.
 *
 * @param secrets what must not appear in the message: the texts of the request and the key
 */
export function anthropicFailure(
  thrown: unknown,
  secrets: readonly string[],
  { AnthropicError, APIError, APIConnectionTimeoutError }: ErrorClasses,
): unknown {
  const nothing = { status: null, type: null, retryAfterMs: null, cause: thrown };
  if (!(thrown instanceof AnthropicError)) {
    return thrown;
  }
  if (thrown instanceof APIConnectionTimeoutError) {
    return new AnthropicApiError({
      ...nothing,
      type: 'timeout_error',
      summary: 'the Anthropic API did not answer in time',
    });
  }
  if (!(thrown instanceof APIError) || (thrown.status === undefined && thrown.type === null)) {
    return new AnthropicApiError({
      ...nothing,
      summary: `the Anthropic API gave no answer${reasonOf(thrown)}`,
    });
  }
  return refusalOf(thrown, secrets);
}

function refusalOf(error: ApiError, secrets: readonly string[]): AnthropicApiError {
  const type = error.type !== null && ERROR_TYPE.test(error.type) ? error.type : null;
  const status = error.status ?? statusOfErrorType(type);
  return new AnthropicApiError({
    summary: ['the Anthropic API answered', status ?? [], type ?? []].flat().join(' '),
    detail: typeof error.apiMessage === 'string' ? safeTail(error.apiMessage, secrets) : '',
    status,
    type,
    retryAfterMs: retryAfterMsOf(error.headers),
    requestId: error.requestID ?? null,
    // Not the error itself as `cause`: it holds the whole answer, which may quote the prompt.
  });
}

/** When the API wants to be asked again: `retry-after-ms`, or `retry-after` in seconds or as a date. */
function retryAfterMsOf(headers: Headers | undefined): number | null {
  const ms = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  const after = headers?.get('retry-after') ?? '';
  const seconds = /^\s*\d+(\.\d+)?\s*$/.test(after) ? Number(after) : (Date.parse(after) - Date.now()) / 1000;
  const wait = [ms, seconds * 1000].find((value) => Number.isFinite(value));
  return wait === undefined ? null : Math.max(0, Math.ceil(wait));
}

/** The system's code of a broken connection, such as ` (ECONNREFUSED)`; it is buried in causes. */
function reasonOf(thrown: unknown, depth = 0): string {
  const { code, cause } = Object(thrown) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string' && SYSTEM_CODE.test(code)) {
    return ` (${code})`;
  }
  return cause === undefined || depth > MAX_CAUSES ? '' : reasonOf(cause, depth + 1);
}
