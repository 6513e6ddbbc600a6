import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemShape } from './route-config.js';
import { INTERNAL_ERROR, type ProblemError } from './problem.js';
import { toProblemError } from './to-problem-error.js';

/**
 * Every error leaves as `application/problem+json`, or in the form that its route chose. A failed health check
 * has a form of its own.
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
    const answer = toProblemError(error) ?? this.#unforeseen(error, request.id);
    if (answer.retryAfterSeconds !== undefined) reply.header('Retry-After', answer.retryAfterSeconds);
    const shape = request.routeOptions.config?.errorShape ?? problemShape;
    const { contentType, body, status = answer.status, headers = {} } = shape(answer, request);
    void reply.status(status).headers(headers).header('Content-Type', contentType).send(body);
  }

  #unforeseen(error: unknown, requestId: string): ProblemError {
    const told = error instanceof Error ? error : new Error(String(error));
    this.#logger.error(`Request ${requestId}: ${told.message}`, told.stack);
    return INTERNAL_ERROR;
  }
}

function isHealthResult(error: unknown): error is HttpException {
  if (!(error instanceof HttpException)) return false;
  const body = error.getResponse();
  return typeof body === 'object' && 'details' in body && 'status' in body;
}
