import { HttpException } from '@nestjs/common';
import { toJson } from '../core/entry/to-json.js';
import { RemoteFactoryError } from '../core/errors/errors.js';

const CODE = 'ERR_HTTP_RESPONSE ';
/** Above it a failure is for this process alone. */
const MAX_CODE_LENGTH = 8_192;

/**
 * A handler's failure in a form whose code says what is to be answered: of an error, other processes hear
 * only message and code. It passes for the error itself, so that `negativeTtlSeconds` can tell its class.
 */
export function toSharedFailure(error: unknown): unknown {
  if (!(error instanceof HttpException)) return error;
  const answer = toJson([error.getStatus(), error.getResponse()]);
  if ('problem' in answer || answer.json.length > MAX_CODE_LENGTH) return error;
  return Object.create(error, { code: { value: CODE + answer.json } });
}

/** The failure to answer with: the handler's own, or one that answers the same. */
export function fromSharedFailure(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || !code.startsWith(CODE)) return error;
  if (!(error instanceof RemoteFactoryError)) return Object.getPrototypeOf(error);
  const [status, body] = JSON.parse(code.slice(CODE.length)) as [number, string | Record<string, unknown>];
  return new HttpException(body, status);
}
