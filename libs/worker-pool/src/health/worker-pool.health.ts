import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import type { PoolHealth } from '../core/contract/task.js';
import { WorkerPool } from '../core/contract/worker-pool.js';

/** What the check reports beside `status`. Never an address, a password or a message of the server. */
export interface WorkerPoolHealthDetails extends Record<string, unknown>, Omit<PoolHealth, 'status'> {}

/**
 * Terminus indicator of a pool: `up`; `degraded` when tasks only wait because no worker is alive, or when this
 * process does the work itself because the queue is unavailable (the HTTP status stays 200); `down` when the pool
 * takes no tasks. `warnings` tell of what should be seen to, a Redis that may drop tasks above all.
 *
 * @example
 * @Get('health')
 * @HealthCheck()
 * check() {
 *   return this.health.check([() => this.pool.isHealthy('pool')]);
 * }
 */
@Injectable()
export class WorkerPoolHealthIndicator {
  constructor(
    private readonly pool: WorkerPool,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** Asks the pool how it is, and reports it under the name `key`. Answers within the deadline of a call. */
  async isHealthy<const Key extends string = 'pool'>(
    key: Key = 'pool' as Key,
  ): Promise<HealthIndicatorResult<Key, PoolHealth['status'], WorkerPoolHealthDetails>> {
    const check = this.indicators.check(key);
    const { status, ...details } = await this.pool.health();
    if (status === 'up') {
      return check.up(details);
    }
    return status === 'degraded' ? check.degraded(details) : check.down(details);
  }
}
