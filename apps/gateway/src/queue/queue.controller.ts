import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import type { RequestQueue } from 'nestjs-redis-cache';
import { WorkerPool } from 'nestjs-worker-pool';
import { type CompletionBody, completionBody, toCompletionRequest } from '../completions/completion-body.js';
import { assertWithinLimits } from '../completions/completion-body.js';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { ProblemError } from '../http/problem.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { retryAfterSeconds } from '../tasks/task-view.js';
import { AdminOnly, CurrentTenant } from '../tenants/access.decorators.js';
import type { Tenant } from '../tenants/tenant.js';
import { inTime } from '../util/deadline.js';
import {
  type QueuedCompletion,
  queueQuery,
  type QueueQuery,
  requestedQueue,
  TenantQueues,
} from './tenant-queues.js';

const NOT_QUEUED = new ProblemError(503, 'The request was not queued: Redis is unavailable.', {
  code: 'ERR_NOT_QUEUED',
});
const NOT_CLEARED = new ProblemError(503, 'The queue was not cleared: Redis is unavailable.', {
  code: 'ERR_REDIS_UNAVAILABLE',
});

@Controller('v1/queue')
export class QueueController {
  constructor(
    private readonly queues: TenantQueues,
    private readonly pool: WorkerPool,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  /** Appends a request to the tenant's queue. */
  @Post()
  @HttpCode(202)
  async add(
    @Body(new ZodBody(completionBody)) body: CompletionBody,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ queued: true }> {
    assertWithinLimits(body, this.config);
    this.pool.validate(toCompletionRequest(body));
    const request: QueuedCompletion = { tenant: tenant.name, body };
    const queue = requestedQueue(this.queues, tenant, {});
    const outcome = await queue.queueOutcome(request);
    if (outcome === 'full') throw await this.#overQuota(queue);
    if (outcome !== 'queued') throw NOT_QUEUED;
    return { queued: true };
  }

  /** Returns how many requests of a tenant are waiting. */
  @Get()
  async length(
    @Query(new ZodBody(queueQuery)) query: QueueQuery,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ length: number }> {
    return { length: await requestedQueue(this.queues, tenant, query).getQueueLength() };
  }

  @Delete()
  @AdminOnly()
  async clear(
    @Query(new ZodBody(queueQuery)) query: QueueQuery,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ cleared: true }> {
    if (await requestedQueue(this.queues, tenant, query).clearQueue()) return { cleared: true };
    throw NOT_CLEARED;
  }

  /** `Retry-After` estimates when a request in progress ends, which makes room in the queue. */
  async #overQuota(queue: RequestQueue): Promise<ProblemError> {
    const [stats, { waiting, bytes }] = await Promise.all([inTime(this.pool.stats()), queue.getQueueStats()]);
    const { QUEUE_QUOTA, QUEUE_QUOTA_BYTES } = this.config;
    const reason =
      waiting >= QUEUE_QUOTA
        ? `${waiting} requests are waiting (QUEUE_QUOTA)`
        : `it holds ${bytes} bytes, and the request does not fit into ${QUEUE_QUOTA_BYTES} (QUEUE_QUOTA_BYTES)`;
    const detail = `The queue of this tenant is full: ${reason}.`;
    return new ProblemError(429, detail, { code: 'ERR_QUEUE_QUOTA' }, stats ? retryAfterSeconds(stats) : 1);
  }
}
