import { Inject, Injectable } from '@nestjs/common';
import { type QueueStats, RedisCacheService, type RedisCacheStatus } from 'nestjs-redis-cache';
import { type PoolStats, WorkerPool } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { inTime } from '../util/in-time.js';
import { MetricsService } from '../metrics/metrics.service.js';
import type { AnswerTotals } from '../metrics/request-metrics.js';
import { TenantQueues } from '../queue/tenant-queues.js';
import type { Tenant } from '../tenants/tenant.js';

/** What the page shows of this process, as it is at one moment. Sums of all tenants, but for the queue. */
export interface LiveSnapshot {
  cache: RedisCacheStatus;
  /** Answers of this process since its start. */
  answers: AnswerTotals;
  /** `null` when the pool did not tell in time. */
  pool: PoolStats | null;
  /** Of the tenant; for an administrator of all tenants together. */
  queue: QueueStats;
  setup: { pool: string; executor: string };
}

/** Takes snapshots. */
@Injectable()
export class LiveSnapshots {
  constructor(
    private readonly cache: RedisCacheService,
    private readonly pool: WorkerPool,
    private readonly queues: TenantQueues,
    private readonly metrics: MetricsService,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  /** Never rejects, and never takes long. */
  async take(tenant: Tenant): Promise<LiveSnapshot> {
    const [pool, queue] = await Promise.all([inTime(this.pool.stats()), this.queues.statsFor(tenant)]);
    return {
      cache: this.cache.getStatus(),
      answers: this.metrics.answerTotals(),
      pool,
      queue,
      setup: { pool: this.config.WORKER_POOL, executor: this.pool.executorName },
    };
  }
}
