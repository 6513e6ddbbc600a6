import { Injectable, Module } from '@nestjs/common';
import {
  type HealthIndicatorResult,
  HealthIndicatorService,
  type HealthIndicatorStatus,
  TerminusModule,
} from '@nestjs/terminus';
import { type PoolHealth, WorkerPool } from '../core.js';

/** Details of the check in addition to `status`. Never an address, a password or a message of the server. */
export interface WorkerPoolHealthDetails extends Record<string, unknown>, Omit<PoolHealth, 'status'> {}

/**
 * Terminus indicator of a pool. `up`; `degraded` (the HTTP status stays 200) when no worker is alive, so that tasks only
 * wait, or when the queue is unavailable and this process executes requests itself; `down` when the pool accepts no
 * tasks. Terminus 11 has no `degraded`: there the status is `up`, and the details say what is wrong. `warnings` names
 * problems that an operator should fix, above all a Redis that may evict tasks.
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

  /** Reports the health of the pool under the name `key`, within the deadline of a call to Redis. */
  async isHealthy<const Key extends string = 'pool'>(
    key: Key = 'pool' as Key,
  ): Promise<HealthIndicatorResult<Key, HealthIndicatorStatus, WorkerPoolHealthDetails>> {
    const health = await this.pool.health();
    const check = this.indicators.check(key);
    const status = health.status === 'degraded' && !('degraded' in check) ? 'up' : health.status;
    return { [key]: { ...health, status } } as HealthIndicatorResult<
      Key,
      HealthIndicatorStatus,
      WorkerPoolHealthDetails
    >;
  }
}

/** Provides {@link WorkerPoolHealthIndicator} for the global `WorkerPool` of the application. */
@Module({
  imports: [TerminusModule],
  providers: [WorkerPoolHealthIndicator],
  exports: [WorkerPoolHealthIndicator],
})
export class WorkerPoolHealthModule {}
