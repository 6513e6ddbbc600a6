import { Module } from '@nestjs/common';
import { CompletionModule } from '../completions/completions.module.js';
import { DeadLettersController } from './dead-letters.controller.js';
import { QueueConsumers } from './queue-consumers.js';
import { QueueController } from './queue.controller.js';
import { TenantQueuesModule } from './tenant-queues.js';

/** The tenants' queues over HTTP, and the consumers that drain them. */
@Module({
  imports: [CompletionModule, TenantQueuesModule],
  controllers: [QueueController, DeadLettersController],
  providers: [QueueConsumers],
})
export class QueueModule {}
