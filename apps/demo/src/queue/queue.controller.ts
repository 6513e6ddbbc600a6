import { Body, Controller, Delete, Get, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import { RedisCacheService } from 'nestjs-redis-cache';
import { WorkerPool } from 'nestjs-worker-pool';
import { assertWithinLimits } from '../completion/assert-within-limits.js';
import { type CompletionBody, completionBody, toCompletionRequest } from '../completion/completion.schema.js';
import { demoConfig, type DemoConfig } from '../config/demo-config.js';
import { ProblemError } from '../http/problem.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { QueueQuotaGuard } from '../security/limits/queue-quota.guard.js';
import { AdminOnly, CurrentTenant } from '../security/access.decorators.js';
import type { Tenant } from '../security/tenant.js';
import type { QueuedCompletion } from './queued-completion.js';

const NOT_QUEUED = new ProblemError(503, 'The request was not queued: the queue is unavailable or full.', {
  code: 'ERR_NOT_QUEUED',
});
const NOT_CLEARED = new ProblemError(503, 'The queue was not cleared: Redis is unavailable.', {
  code: 'ERR_REDIS_UNAVAILABLE',
});

@Controller('v1/queue')
export class QueueController {
  constructor(
    private readonly cache: RedisCacheService,
    private readonly pool: WorkerPool,
    @Inject(demoConfig.KEY) private readonly config: DemoConfig,
  ) {}

  @Post()
  @HttpCode(202)
  @UseGuards(QueueQuotaGuard)
  async add(
    @Body(new ZodBody(completionBody)) body: CompletionBody,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ queued: true }> {
    assertWithinLimits(body, this.config);
    this.pool.validate(toCompletionRequest(body));
    const queued: QueuedCompletion = { tenant: tenant.name, body };
    if (!(await this.cache.queueRequest(queued))) throw NOT_QUEUED;
    return { queued: true };
  }

  @Get()
  async length(): Promise<{ length: number }> {
    return { length: await this.cache.getQueueLength() };
  }

  @Delete()
  @AdminOnly()
  async clear(): Promise<{ cleared: true }> {
    if (await this.cache.clearQueue()) return { cleared: true };
    throw NOT_CLEARED;
  }
}
