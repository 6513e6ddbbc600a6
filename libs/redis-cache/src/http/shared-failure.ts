import { HttpException } from '@nestjs/common';
import { RemoteFactoryError } from '../core.js';
import { jsonOf } from './recorded-response.js';

const CODE = 'ERR_HTTP_RESPONSE ';
/** A failure with a longer code stays in this process. */
const MAX_CODE_LENGTH = 8_192;

/**
 * Returns a handler's failure with status and body in its `code`, because other processes receive only an error's
 * message and code. It has the error as its prototype, so that `negativeTtlSeconds` recognises the error's class.
 */
export function toSharedFailure(error: unknown): unknown {
  if (!(error instanceof HttpException)) return error;
  const json = jsonOf([error.getStatus(), error.getResponse()]);
  if (json === undefined || json.length > MAX_CODE_LENGTH) return error;
  return Object.create(error, { code: { value: CODE + json } });
}

/** Returns the handler's own error, or one with the same status and body if it ran in another process. */
export function fromSharedFailure(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || !code.startsWith(CODE)) return error;
  if (!(error instanceof RemoteFactoryError)) return Object.getPrototypeOf(error);
  const [status, body] = JSON.parse(code.slice(CODE.length)) as [number, string | Record<string, unknown>];
  return new HttpException(body, status);
}
