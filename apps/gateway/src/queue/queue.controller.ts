import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { WorkerPool } from 'nestjs-worker-pool';
import {
  assertWithinLimits,
  type CompletionBody,
  completionBody,
  toCompletionRequest,
} from '../completions/completion-body.js';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { ProblemError } from '../http/problem.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { inTime } from '../util/in-time.js';
import { AdminOnly, CurrentTenant } from '../tenants/access.decorators.js';
import type { Tenant } from '../tenants/tenant.js';
import { retryAfterSeconds } from '../tasks/retry-after.js';
import { askedQueue, whoseQueue, type WhoseQueue } from './asked-queue.js';
import type { QueuedCompletion } from './queued-completion.js';
import { TenantQueues } from './tenant-queues.js';

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

  /** To the end of the tenant's queue. */
  @Post()
  @HttpCode(202)
  async add(
    @Body(new ZodBody(completionBody)) body: CompletionBody,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ queued: true }> {
    assertWithinLimits(body, this.config);
    this.pool.validate(toCompletionRequest(body));
    const request: QueuedCompletion = { tenant: tenant.name, body };
    const outcome = await askedQueue(this.queues, tenant, {}).queueOutcome(request);
    if (outcome === 'full') throw await this.#overQuota();
    if (outcome !== 'queued') throw NOT_QUEUED;
    return { queued: true };
  }

  /** How many requests of a tenant wait. */
  @Get()
  async length(
    @Query(new ZodBody(whoseQueue)) query: WhoseQueue,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ length: number }> {
    return { length: await askedQueue(this.queues, tenant, query).getQueueLength() };
  }

  @Delete()
  @AdminOnly()
  async clear(
    @Query(new ZodBody(whoseQueue)) query: WhoseQueue,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ cleared: true }> {
    if (await askedQueue(this.queues, tenant, query).clearQueue()) return { cleared: true };
    throw NOT_CLEARED;
  }

  /** A place becomes free when what is being handled has ended. */
  async #overQuota(): Promise<ProblemError> {
    const stats = await inTime(this.pool.stats());
    const detail = `${this.config.QUEUE_QUOTA} requests of this tenant wait already.`;
    return new ProblemError(429, detail, { code: 'ERR_QUEUE_QUOTA' }, stats ? retryAfterSeconds(stats) : 1);
  }
}
