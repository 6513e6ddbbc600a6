import { Controller, Get, Module } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { RedisCacheHealthIndicator } from 'nestjs-redis-cache';
import { WorkerPoolHealthIndicator, WorkerPoolHealthModule } from 'nestjs-worker-pool/health';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { Public } from '../tenants/access.decorators.js';

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly redis: RedisCacheHealthIndicator,
    private readonly pool: WorkerPoolHealthIndicator,
  ) {}

  /**
   * Readiness: whether this process should get traffic. Without Redis or without a worker it is `degraded`, and still
   * should.
   */
  @Get()
  @Public()
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.redis.isHealthy('redis'), () => this.pool.isHealthy('pool')]);
  }

  /** Liveness: whether this process works at all. Does not depend on Redis or workers. */
  @Get('live')
  @Public()
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }
}

@Module({
  imports: [
    TerminusModule.forRootAsync({
      inject: [gatewayConfig.KEY],
      useFactory: (config: GatewayConfig) => ({
        gracefulShutdownTimeoutMs: config.SHUTDOWN_GRACE_MS,
        logger: false,
      }),
    }),
    WorkerPoolHealthModule,
  ],
  controllers: [HealthController],
})
export class HealthModule {}
