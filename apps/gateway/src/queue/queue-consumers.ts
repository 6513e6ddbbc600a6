import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import {
  ConsumerSlots,
  RejectRequestError,
  type RequestConsumer,
  type RequestHandler,
  TryLaterError,
} from 'nestjs-redis-cache';
import { completionBody, type CompletionBody, toCompletionRequest } from '../completions/completion-body.js';
import { CompletionsService } from '../completions/completions.service.js';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { problemOf } from '../http/problem-details.filter.js';
import { type QueuedCompletion, TenantQueues } from './tenant-queues.js';

/**
 * Drains the queues of all tenants through the pool into the cache, `QUEUE_CONSUMERS` requests at a time, taken from the
 * tenants in turn.
 */
@Injectable()
export class QueueConsumers
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #logger = new Logger(QueueConsumers.name);
  readonly #consumers: RequestConsumer<QueuedCompletion>[] = [];

  constructor(
    queues: TenantQueues,
    private readonly completions: CompletionsService,
    @Inject(gatewayConfig.KEY) config: GatewayConfig,
  ) {
    if (config.QUEUE_CONSUMERS === 0) return;
    const options = {
      concurrency: config.QUEUE_CONSUMERS,
      slots: new ConsumerSlots(config.QUEUE_CONSUMERS),
      leaseSeconds: config.QUEUE_LEASE_SECONDS,
      // The same time that running tasks have, see WorkDeadline.
      drainTimeoutMs: config.SHUTDOWN_GRACE_MS + config.SHUTDOWN_DRAIN_MS,
    };
    this.#consumers = Array.from(queues, ([tenant, queue]) =>
      queue.createConsumer({ ...options, handler: this.#handlerOf(tenant) }),
    );
  }

  onApplicationBootstrap(): void {
    for (const consumer of this.#consumers) consumer.start();
  }

  // Not awaited here, where it would delay the rest of the shutdown.
  beforeApplicationShutdown(): void {
    void this.#stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#stop();
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
  }

  /** Rejects with a `RejectRequestError` for an invalid request, and with a `TryLaterError` while the pool is busy. */
  #handlerOf(tenant: string): RequestHandler<QueuedCompletion> {
    return async ({ data }, { signal }) => {
      const body = bodyOf(data, tenant);
      const { ttl_seconds: ttlSeconds, tags } = body;
      const request = toCompletionRequest(body);
      try {
        await this.completions.complete({ tenant, request, ttlSeconds, tags, signal });
      } catch (error) {
        throw signal.aborted ? error : toQueueError(error, this.#logger);
      }
    };
  }
}

// Any program that can write to this Redis can queue anything.
function bodyOf(data: QueuedCompletion, owner: string): CompletionBody {
  const { tenant, body } = (data ?? {}) as Partial<QueuedCompletion>;
  const parsed = completionBody.safeParse(body);
  if (tenant === owner && parsed.success) return parsed.data;
  throw new RejectRequestError('not a completion request of this version');
}

/** How long to pause when the pool does not say how long it will be busy. */
const BUSY_MS = 1_000;
/** Errors that pass. Identified by code, because another process may have run the task. */
const BUSY = new Set(['ERR_POOL_SATURATED', 'ERR_POOL_UNAVAILABLE', 'ERR_POOL_CLOSED', 'ERR_TASK_CANCELLED']);
/** Errors that every further delivery would have. */
const PERMANENT = new Set(['ERR_INVALID_REQUEST', 'ERR_UNSUPPORTED_PARAMETER', 'ERR_REQUEST_TOO_LARGE']);

interface PoolFailure extends Error {
  code: string;
  retryAfterMs: number;
}

/** The message becomes the reason of a dead letter, which the tenant can read. */
function toQueueError(error: unknown, logger: Logger): unknown {
  const { code = '', retryAfterMs, message = '' } = (error ?? {}) as Partial<PoolFailure>;
  if (BUSY.has(code)) return new TryLaterError(retryAfterMs ?? BUSY_MS, { cause: error });
  return PERMANENT.has(code)
    ? new RejectRequestError(message, { cause: error })
    : problemOf(error, 'of the queue', logger);
}
