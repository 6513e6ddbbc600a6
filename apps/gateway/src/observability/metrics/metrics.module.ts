import { Controller, Get, Module, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { SavingsModule } from '../../savings/savings.module.js';
import { TenantQueuesModule } from '../../queue/tenant-queues.js';
import { AdminOnly, Monitored } from '../../tenants/access.decorators.js';
import { MetricsService } from './metrics.service.js';

@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  /** The metrics of this process for Prometheus, with tokens and money by tenant and model. */
  @Get()
  @AdminOnly()
  @Monitored()
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.header('Content-Type', this.metrics.contentType);
    return this.metrics.read();
  }
}

@Module({
  imports: [TenantQueuesModule, SavingsModule],
  controllers: [MetricsController],
  providers: [MetricsService],
  exports: [MetricsService],
})
export class MetricsModule {}
