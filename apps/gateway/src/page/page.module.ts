import { Controller, Get, Header, Module } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { MetricsModule } from '../observability/metrics/metrics.module.js';
import { TenantQueuesModule } from '../queue/tenant-queues.js';
import { Public } from '../tenants/access.decorators.js';
import { EventsController } from './events.controller.js';
import { LiveSnapshots } from './live-feed.js';
import { publicFile } from './static-files.js';

/** Serves the page that shows the cache at work. */
@ApiExcludeController()
@Controller()
export class PageController {
  readonly #html = publicFile('index.html');

  @Get()
  @Public()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Cache-Control', 'no-cache')
  page(): string {
    return this.#html;
  }
}

@Module({
  imports: [MetricsModule, TenantQueuesModule],
  controllers: [PageController, EventsController],
  providers: [LiveSnapshots],
})
export class PageModule {}
