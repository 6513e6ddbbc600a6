import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemShape } from './route-config.js';
import { INTERNAL_ERROR, ProblemError } from './problem.js';
import { RedisCacheError, RemoteFactoryError, StreamInterruptedError } from 'nestjs-redis-cache';
import {
  InvalidRequestError,
  PoolClosedError,
  PoolSaturatedError,
  PoolUnavailableError,
  TaskLostError,
} from 'nestjs-worker-pool';

/**
 * Sends every error as `application/problem+json`, or in the form that its route defines. A failed health check has the
 * form of Terminus.
 */
@Catch()
export class ProblemDetailsFilter implements ExceptionFilter {
  readonly #logger = new Logger(ProblemDetailsFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (isHealthResult(error)) {
      void reply.status(error.getStatus()).send(error.getResponse());
      return;
    }
    const problem = problemOf(error, request.id, this.#logger);
    reply.failure = problem;
    if (problem.retryAfterSeconds !== undefined) reply.header('Retry-After', problem.retryAfterSeconds);
    const shape = request.routeOptions.config?.errorShape ?? problemShape;
    const { contentType, body, status = problem.status, headers = {} } = shape(problem, request);
    void reply.status(status).headers(headers).header('Content-Type', contentType).send(body);
  }
}

/** Converts any error to one that can be sent. An unexpected error is logged, and its response reveals nothing. */
export function problemOf(error: unknown, requestId: string, logger: Logger): ProblemError {
  const known = toProblemError(error);
  if (known !== null) return known;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  logger.error(`Request ${requestId}: ${message}`, stack);
  return INTERNAL_ERROR;
}

function isHealthResult(error: unknown): error is HttpException {
  if (!(error instanceof HttpException)) return false;
  const body = error.getResponse();
  return typeof body === 'object' && 'details' in body && 'status' in body;
}

const MIN_RETRY_SECONDS = 1;
/** The statuses of errors that occurred in another process; any other code is a failure of the executor. */
const STATUS_OF_REMOTE: Record<string, number> = {
  ERR_TASK_TIMEOUT: 504,
  ERR_PROCESS_TIMEOUT: 504,
  ERR_TASK_CANCELLED: 503,
  ERR_POOL_CLOSED: 503,
  ERR_POOL_UNAVAILABLE: 503,
  ERR_TASK_LOST: 503,
  ERR_POOL_SATURATED: 429,
  ERR_INTERNAL: 500,
};

/** Converts an error of the libraries or the framework; `null` for an unexpected error. */
export function toProblemError(error: unknown): ProblemError | null {
  if (error instanceof ProblemError) return error;
  if (error instanceof InvalidRequestError || error instanceof RedisCacheError) return badField(error);
  if (error instanceof PoolSaturatedError) return saturated(error);
  if (error instanceof PoolClosedError) {
    return new ProblemError(503, 'The server is shutting down.', { code: error.code });
  }
  if (error instanceof PoolUnavailableError || error instanceof TaskLostError) return queueLost(error);
  if (error instanceof RemoteFactoryError) return fromOtherProcess(error);
  if (error instanceof StreamInterruptedError) {
    return new ProblemError(502, 'The stream was interrupted: the process that computed it was lost.', {
      code: error.code,
    });
  }
  return error instanceof HttpException ? fromHttpException(error) : null;
}

function badField(error: InvalidRequestError | RedisCacheError): ProblemError {
  const errors = [{ field: error.field, detail: error.message }];
  return new ProblemError(400, error.message, { code: error.code, errors });
}

function queueLost({ code }: PoolUnavailableError | TaskLostError): ProblemError {
  const detail = 'The task queue is unavailable, or has lost the task.';
  return new ProblemError(503, detail, { code }, MIN_RETRY_SECONDS);
}

function fromOtherProcess(error: RemoteFactoryError): ProblemError {
  const status = STATUS_OF_REMOTE[error.code] ?? 502;
  const { message, code, retryAfterMs } = error;
  const least = status === 429 ? MIN_RETRY_SECONDS : undefined;
  const seconds = retryAfterMs === undefined ? least : toSeconds(retryAfterMs);
  return new ProblemError(status, message, { code }, seconds);
}

function saturated(error: PoolSaturatedError): ProblemError {
  const detail = 'Too many requests are waiting already.';
  return new ProblemError(429, detail, { code: error.code }, toSeconds(error.retryAfterMs));
}

function toSeconds(retryAfterMs: number): number {
  return Math.max(MIN_RETRY_SECONDS, Math.ceil(retryAfterMs / 1_000));
}

// The framework throws these before a handler runs: invalid JSON, a body above the limit, an unknown route.
function fromHttpException(error: HttpException): ProblemError {
  const status = error.getStatus();
  if (status === 413) return bodyProblem(413, 'The body is larger than the limit.', 'ERR_BODY_TOO_LARGE');
  if (status === 415) return bodyProblem(415, 'The body must be application/json.', 'ERR_MEDIA_TYPE');
  if (status === 400) return bodyProblem(400, `The body is not valid: ${error.message}`, 'ERR_INVALID_BODY');
  return new ProblemError(status, error.message);
}

function bodyProblem(status: number, detail: string, code: string): ProblemError {
  return new ProblemError(status, detail, { code, errors: [{ field: 'body', detail }] });
}
