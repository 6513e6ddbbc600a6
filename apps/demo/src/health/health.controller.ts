import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { RedisCacheHealthIndicator } from 'nestjs-redis-cache';
import { Public } from '../security/access.decorators.js';

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly redis: RedisCacheHealthIndicator,
  ) {}

  /** Readiness: whether this process should get traffic. Without Redis it is `degraded` and still should. */
  @Get()
  @Public()
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.redis.isHealthy('redis')]);
  }

  /** Liveness: whether this process should be restarted. Depends on nothing but itself. */
  @Get('live')
  @Public()
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }
}
