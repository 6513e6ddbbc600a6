import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { RedisCacheHealthIndicator } from 'nestjs-redis-cache';
import { WorkerPoolHealthIndicator } from 'nestjs-worker-pool/health';
import { Public } from '../tenants/access.decorators.js';

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly redis: RedisCacheHealthIndicator,
    private readonly pool: WorkerPoolHealthIndicator,
  ) {}

  /**
   * Readiness: whether this process should get traffic. Without Redis, or without a worker, it is
   * `degraded` and still should.
   */
  @Get()
  @Public()
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.redis.isHealthy('redis'), () => this.pool.isHealthy('pool')]);
  }

  /** Liveness: whether this process should be restarted. Depends on nothing but itself. */
  @Get('live')
  @Public()
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }
}
