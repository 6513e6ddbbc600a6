import { Controller, Get, Module, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { TenantQueuesModule } from '../../queue/tenant-queues.js';
import { AdminOnly, Monitored } from '../../tenants/access.decorators.js';
import { MetricsService } from './metrics.service.js';

@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  /** The metrics of this process for Prometheus, without labels for tenants or models. */
  @Get()
  @AdminOnly()
  @Monitored()
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.header('Content-Type', this.metrics.contentType);
    return this.metrics.read();
  }
}

@Module({
  imports: [TenantQueuesModule],
  controllers: [MetricsController],
  providers: [MetricsService],
  exports: [MetricsService],
})
export class MetricsModule {}
