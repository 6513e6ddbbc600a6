import { Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { type DeadRequest, RedisCacheService } from 'nestjs-redis-cache';
import { z } from 'zod';
import { ProblemError } from '../http/problem.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { AdminOnly } from '../security/access.decorators.js';
import type { QueuedCompletion } from './queued-completion.js';

/** A dead letter's id, on Redis and in memory. */
const ID = /^\d{1,20}(-\d{1,20})?$/;
const MAX_PAGE = 1_000;

const page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
  after: z.string().regex(ID, 'must be the id of a dead request').optional(),
});

/** A request that failed for good, as it is shown. */
export interface DeadRequestView {
  id: string;
  /** What was queued; `null` when it is not readable. */
  request: QueuedCompletion | null;
  deliveries: number;
  reason: string;
  queued_at: string;
  died_at: string;
}

const NOT_CLEARED = new ProblemError(503, 'The dead requests were not removed: Redis is unavailable.', {
  code: 'ERR_REDIS_UNAVAILABLE',
});
const UNAVAILABLE = new ProblemError(503, 'The request was not replayed: Redis is unavailable.', {
  code: 'ERR_REDIS_UNAVAILABLE',
});
const NOT_REPLAYED = new ProblemError(404, 'There is no such dead request, or the queue is full.', {
  code: 'ERR_NOT_REPLAYED',
});

/** Queued requests that failed for good: of all tenants, hence for administrators. */
@Controller('v1/queue/dead')
export class DeadRequestsController {
  constructor(private readonly cache: RedisCacheService) {}

  /** The oldest first; none while Redis is away. */
  @Get()
  @AdminOnly()
  async list(@Query(new ZodBody(page)) query: z.output<typeof page>): Promise<{ dead: DeadRequestView[] }> {
    const dead = await this.cache.listDeadRequests<QueuedCompletion>(query);
    return { dead: dead.map(toView) };
  }

  /** To the end of the queue, as a new request. */
  @Post(':id/replay')
  @HttpCode(200)
  @AdminOnly()
  async replay(@Param('id') id: string): Promise<{ replayed: true }> {
    if (!ID.test(id)) throw NOT_REPLAYED;
    if (await this.cache.replayDeadRequest(id)) return { replayed: true };
    throw (await this.cache.isConnected()) ? NOT_REPLAYED : UNAVAILABLE;
  }

  @Delete()
  @AdminOnly()
  async clear(): Promise<{ cleared: true }> {
    if (await this.cache.clearDeadRequests()) return { cleared: true };
    throw NOT_CLEARED;
  }
}

function toView({
  id,
  data,
  deliveries,
  reason,
  queuedAt,
  diedAt,
}: DeadRequest<QueuedCompletion>): DeadRequestView {
  return {
    id,
    request: data,
    deliveries,
    reason,
    queued_at: new Date(queuedAt).toISOString(),
    died_at: new Date(diedAt).toISOString(),
  };
}
