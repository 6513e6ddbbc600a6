import { Module } from '@nestjs/common';
import { CompletionsModule } from '../completions/completions.module.js';
import { DeadLettersController } from './dead-letters.controller.js';
import { QueueConsumers } from './queue-consumers.js';
import { QueueController } from './queue.controller.js';
import { TenantQueuesModule } from './tenant-queues.js';

/** The tenants' queues over HTTP, and the consumers that drain them. */
@Module({
  imports: [CompletionsModule, TenantQueuesModule],
  controllers: [QueueController, DeadLettersController],
  providers: [QueueConsumers],
})
export class QueueModule {}
