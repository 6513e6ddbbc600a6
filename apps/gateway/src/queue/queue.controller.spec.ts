import { describe, expect, it } from '@jest/globals';
import type { QueueOutcome, RequestQueue } from 'nestjs-redis-cache';
import type { PoolStats, WorkerPool } from 'nestjs-worker-pool';
import type { GatewayConfig } from '../config/gateway-config.js';
import type { Tenant } from '../tenants/tenant.js';
import { QueueController } from './queue.controller.js';
import type { TenantQueues } from './tenant-queues.js';

const TENANT: Tenant = { name: 'web', admin: false };
const config = {
  MAX_PROMPT_BYTES: 1_000,
  MAX_TTL_SECONDS: 60,
  MAX_TAGS: 0,
  QUEUE_QUOTA: 7,
  QUEUE_QUOTA_BYTES: 900,
} as GatewayConfig;

function controllerOf(
  outcome: QueueOutcome,
  stats: () => Promise<Partial<PoolStats>>,
  contents = { waiting: 7, bytes: 100 },
): QueueController {
  const queue = {
    queueOutcome: async () => outcome,
    getQueueStats: async () => contents,
  } as unknown as RequestQueue;
  const queues = { get: () => queue } as unknown as TenantQueues;
  const pool = { validate: () => {}, stats } as unknown as WorkerPool;
  return new QueueController(queues, pool, config);
}

const idle = async (): Promise<Partial<PoolStats>> => ({ retryAfterMs: 0, meanServiceMs: null });
const add = (controller: QueueController): Promise<unknown> => controller.add({ prompt: 'text' }, TENANT);

describe('POST /v1/queue above the quota', () => {
  it.each([
    [7, async () => ({ retryAfterMs: 4_000, meanServiceMs: 2_500 })],
    [1, idle],
    [1, () => Promise.reject(new Error('away'))],
  ])('asks for a retry after %d s, from recent service times', async (seconds, stats) => {
    await expect(add(controllerOf('full', stats))).rejects.toMatchObject({
      status: 429,
      code: 'ERR_QUEUE_QUOTA',
      retryAfterSeconds: seconds,
      message: 'The queue of this tenant is full: 7 requests are waiting (QUEUE_QUOTA).',
    });
  });

  it('names the quota in bytes if fewer requests wait than may', async () => {
    await expect(add(controllerOf('full', idle, { waiting: 6, bytes: 890 }))).rejects.toMatchObject({
      status: 429,
      code: 'ERR_QUEUE_QUOTA',
      message:
        'The queue of this tenant is full: it holds 890 bytes, and the request does not fit into 900 (QUEUE_QUOTA_BYTES).',
    });
  });

  it('returns 503 and not 429 if Redis did not confirm the request', async () => {
    const refused = add(controllerOf('unconfirmed', idle));
    await expect(refused).rejects.toMatchObject({ status: 503, code: 'ERR_NOT_QUEUED' });
    expect(await add(controllerOf('queued', idle))).toEqual({ queued: true });
  });
});
