import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { TenantQueuesModule } from '../queue/tenant-queues.module.js';
import { EventsController } from './events.controller.js';
import { LiveSnapshots } from './live-snapshot.js';
import { PageController } from './page.controller.js';

@Module({
  imports: [MetricsModule, TenantQueuesModule],
  controllers: [PageController, EventsController],
  providers: [LiveSnapshots],
})
export class PageModule {}
