import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

/** HTTP status of the libraries' errors, by their stable codes; another process may have met the error. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  ERR_INVALID_REQUEST: 400,
  ERR_UNSUPPORTED_PARAMETER: 400,
  ERR_POOL_SATURATED: 429,
  ERR_EXECUTOR_FAILED: 502,
  ERR_POOL_CLOSED: 503,
  ERR_TASK_CANCELLED: 503,
  ERR_TASK_TIMEOUT: 504,
};

/** Sends every error as `application/problem+json` (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger(ProblemFilter.name);

  catch(error: Error & { code?: string; retryAfterMs?: number }, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const status = error instanceof HttpException ? error.getStatus() : STATUS_OF_CODE[error.code ?? ''];
    if (status === undefined) this.#logger.error(error);
    if (status === 429) reply.header('Retry-After', Math.ceil((error.retryAfterMs ?? 1_000) / 1_000));
    const body = {
      type: 'about:blank',
      title: STATUS_CODES[status ?? 500],
      status: status ?? 500,
      detail: status === undefined ? 'Something went wrong on our side.' : error.message,
      code: status === undefined ? undefined : error.code,
    };
    void reply
      .status(body.status)
      .header('Content-Type', 'application/problem+json')
      .send(JSON.stringify(body));
  }
}
