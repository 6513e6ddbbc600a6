import { Injectable } from '@nestjs/common';
import {
  type HandlerContext,
  RejectRequestError,
  type RequestHandler,
  type ReservedRequest,
  TryLaterError,
} from 'nestjs-redis-cache';
import { type CompletionBody, completionBody, toCompletionRequest } from '../completions/completion-body.js';
import { CompletionService } from '../completions/completions.service.js';
import type { QueuedCompletion } from './queued-completion.js';

/** How long to take nothing from the queue when it is not known how long the pool will be busy. */
const BUSY_MS = 1_000;
/** The pool cannot take it now. By their codes: another process may have computed the same, and failed. */
const BUSY = new Set(['ERR_POOL_SATURATED', 'ERR_POOL_UNAVAILABLE', 'ERR_POOL_CLOSED', 'ERR_TASK_CANCELLED']);
/** Whatever is done with it, the answer will be the same. */
const HOPELESS = new Set(['ERR_INVALID_REQUEST', 'ERR_UNSUPPORTED_PARAMETER', 'ERR_REQUEST_TOO_LARGE']);

/** Handles what was queued: through the pool into the cache. */
@Injectable()
export class QueuedCompletionHandler {
  constructor(private readonly completions: CompletionService) {}

  /** A handler of what is in the queue of a tenant. */
  of(tenant: string): RequestHandler<QueuedCompletion> {
    return (request, context) => this.#handle(tenant, request, context);
  }

  /**
   * @throws {RejectRequestError} nobody will be able to answer this
   * @throws {TryLaterError} the pool is full or away
   */
  async #handle(
    tenant: string,
    { data }: ReservedRequest<QueuedCompletion>,
    { signal }: HandlerContext,
  ): Promise<void> {
    const body = bodyOf(data, tenant);
    const { ttl_seconds: ttlSeconds, tags } = body;
    try {
      await this.completions.complete({
        tenant,
        request: toCompletionRequest(body),
        ttlSeconds,
        tags,
        signal,
      });
    } catch (error) {
      throw asQueueError(error);
    }
  }
}

// Whoever can write to Redis can queue anything.
function bodyOf(data: QueuedCompletion, owner: string): CompletionBody {
  const { tenant, body } = (data ?? {}) as Partial<QueuedCompletion>;
  const parsed = completionBody.safeParse(body);
  if (tenant === owner && parsed.success) return parsed.data;
  throw new RejectRequestError('no completion request of this version');
}

function asQueueError(error: unknown): unknown {
  const { code = '', retryAfterMs, message = '' } = (error ?? {}) as Partial<QueueFailure>;
  if (BUSY.has(code)) return new TryLaterError(retryAfterMs ?? BUSY_MS, { cause: error });
  return HOPELESS.has(code) ? new RejectRequestError(message, { cause: error }) : error;
}

interface QueueFailure extends Error {
  code: string;
  retryAfterMs: number;
}
