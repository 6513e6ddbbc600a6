import { Module } from '@nestjs/common';
import { CompletionModule } from '../completions/completions.module.js';
import { DeadRequestsController } from './dead-requests.controller.js';
import { QueueConsumers } from './queue-consumers.js';
import { QueueController } from './queue.controller.js';
import { QueuedCompletionHandler } from './queued-completion.handler.js';
import { TenantQueuesModule } from './tenant-queues.module.js';

/** The queues over HTTP, and the consumers that drain them. */
@Module({
  imports: [CompletionModule, TenantQueuesModule],
  controllers: [QueueController, DeadRequestsController],
  providers: [QueuedCompletionHandler, QueueConsumers],
})
export class QueueModule {}
