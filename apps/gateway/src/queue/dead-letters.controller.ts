import { Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { DeadLetter } from 'nestjs-redis-cache';
import { z } from 'zod';
import { ProblemError } from '../http/problem.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { AdminOnly, CurrentTenant } from '../tenants/access.decorators.js';
import type { Tenant } from '../tenants/tenant.js';
import {
  type QueuedCompletion,
  queueQuery,
  type QueueQuery,
  requestedQueue,
  TenantQueues,
} from './tenant-queues.js';

/** A dead letter's id, on Redis and in memory. */
const ID = /^\d{1,20}(-\d{1,20})?$/;
const MAX_PAGE = 1_000;

const page = queueQuery.extend({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
  after: z.string().regex(ID, 'must be the id of a dead letter').optional(),
});

/** A queued request that failed permanently, as the API shows it. */
export interface DeadLetterView {
  id: string;
  /** The queued request; `null` if it is not readable. */
  request: QueuedCompletion | null;
  deliveries: number;
  reason: string;
  queued_at: string;
  died_at: string;
}

const NOT_CLEARED = new ProblemError(503, 'The dead letters were not removed: Redis is unavailable.', {
  code: 'ERR_REDIS_UNAVAILABLE',
});
const UNAVAILABLE = new ProblemError(503, 'The request was not replayed: Redis is unavailable.', {
  code: 'ERR_REDIS_UNAVAILABLE',
});
const NOT_FOUND = new ProblemError(404, 'There is no such dead letter.', {
  code: 'ERR_DEAD_LETTER_NOT_FOUND',
});
const FULL = new ProblemError(409, 'The request was not replayed: the queue is full.', {
  code: 'ERR_QUEUE_FULL',
});

const NOT_REPLAYED = { unknown: NOT_FOUND, full: FULL, unconfirmed: UNAVAILABLE };

/** The dead letters of each tenant: queued requests that failed permanently. */
@Controller('v1/queue/dead')
export class DeadLettersController {
  constructor(private readonly queues: TenantQueues) {}

  /** Returns a page of dead letters, oldest first; none while Redis is unavailable. */
  @Get()
  async list(
    @Query(new ZodBody(page)) { tenant: owner, ...range }: z.output<typeof page>,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ dead: DeadLetterView[] }> {
    const queue = requestedQueue(this.queues, tenant, { tenant: owner });
    const dead = await queue.listDeadLetters<QueuedCompletion>(range);
    return { dead: dead.map(toView) };
  }

  /** Appends a dead letter to the queue as a new request. */
  @Post(':id/replay')
  @HttpCode(200)
  @AdminOnly()
  async replay(
    @Param('id') id: string,
    @Query(new ZodBody(queueQuery)) query: QueueQuery,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ replayed: true }> {
    const queue = requestedQueue(this.queues, tenant, query);
    const outcome = ID.test(id) ? await queue.replayOutcome(id) : 'unknown';
    if (outcome === 'replayed') return { replayed: true };
    throw NOT_REPLAYED[outcome];
  }

  @Delete()
  @AdminOnly()
  async clear(
    @Query(new ZodBody(queueQuery)) query: QueueQuery,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ cleared: true }> {
    if (await requestedQueue(this.queues, tenant, query).clearDeadLetters()) return { cleared: true };
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
}: DeadLetter<QueuedCompletion>): DeadLetterView {
  return {
    id,
    request: data,
    deliveries,
    reason,
    queued_at: new Date(queuedAt).toISOString(),
    died_at: new Date(diedAt).toISOString(),
  };
}
