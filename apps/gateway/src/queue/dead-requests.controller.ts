import { Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { DeadLetter } from 'nestjs-redis-cache';
import { z } from 'zod';
import { ProblemError } from '../http/problem.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { AdminOnly, CurrentTenant } from '../tenants/access.decorators.js';
import type { Tenant } from '../tenants/tenant.js';
import { askedQueue, whose, whoseQueue, type WhoseQueue } from './asked-queue.js';
import type { QueuedCompletion } from './queued-completion.js';
import { TenantQueues } from './tenant-queues.js';

/** A dead letter's id, on Redis and in memory. */
const ID = /^\d{1,20}(-\d{1,20})?$/;
const MAX_PAGE = 1_000;

const page = z.strictObject({
  ...whose,
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
const NOT_FOUND = new ProblemError(404, 'There is no such dead request.', {
  code: 'ERR_DEAD_REQUEST_NOT_FOUND',
});
const FULL = new ProblemError(409, 'The request was not replayed: the queue is full.', {
  code: 'ERR_QUEUE_FULL',
});

const NOT_REPLAYED = { unknown: NOT_FOUND, full: FULL, unconfirmed: UNAVAILABLE };

/** Queued requests that failed for good, apart for each tenant. */
@Controller('v1/queue/dead')
export class DeadRequestsController {
  constructor(private readonly queues: TenantQueues) {}

  /** The oldest first; none while Redis is away. */
  @Get()
  async list(
    @Query(new ZodBody(page)) { tenant: owner, ...range }: z.output<typeof page>,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ dead: DeadRequestView[] }> {
    const queue = askedQueue(this.queues, tenant, { tenant: owner });
    const dead = await queue.listDeadLetters<QueuedCompletion>(range);
    return { dead: dead.map(toView) };
  }

  /** To the end of the queue, as a new request. */
  @Post(':id/replay')
  @HttpCode(200)
  @AdminOnly()
  async replay(
    @Param('id') id: string,
    @Query(new ZodBody(whoseQueue)) query: WhoseQueue,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ replayed: true }> {
    const queue = askedQueue(this.queues, tenant, query);
    const outcome = ID.test(id) ? await queue.replayOutcome(id) : 'unknown';
    if (outcome === 'replayed') return { replayed: true };
    throw NOT_REPLAYED[outcome];
  }

  @Delete()
  @AdminOnly()
  async clear(
    @Query(new ZodBody(whoseQueue)) query: WhoseQueue,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ cleared: true }> {
    if (await askedQueue(this.queues, tenant, query).clearDeadLetters()) return { cleared: true };
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
}: DeadLetter<QueuedCompletion>): DeadRequestView {
  return {
    id,
    request: data,
    deliveries,
    reason,
    queued_at: new Date(queuedAt).toISOString(),
    died_at: new Date(diedAt).toISOString(),
  };
}
