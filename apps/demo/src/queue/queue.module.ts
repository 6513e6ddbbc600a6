import { Module } from '@nestjs/common';
import { RedisCacheModule, type RequestConsumerOptions } from 'nestjs-redis-cache';
import { CompletionModule } from '../completion/completion.module.js';
import { demoConfig, type DemoConfig } from '../config/demo-config.js';
import { DeadRequestsController } from './dead-requests.controller.js';
import { QueueController } from './queue.controller.js';
import type { QueuedCompletion } from './queued-completion.js';
import { QueuedCompletionHandler } from './queued-completion.handler.js';

@Module({
  imports: [CompletionModule],
  providers: [QueuedCompletionHandler],
  exports: [QueuedCompletionHandler],
})
class QueueHandlingModule {}

function consumerOptions(
  handler: QueuedCompletionHandler,
  config: DemoConfig,
): RequestConsumerOptions<QueuedCompletion> | null {
  if (config.QUEUE_CONSUMERS === 0) return null;
  return {
    handler: (request, context) => handler.handle(request, context),
    concurrency: config.QUEUE_CONSUMERS,
    leaseSeconds: config.QUEUE_LEASE_SECONDS,
    // As long as the pool lets running work go on; see WorkDeadline.
    drainTimeoutMs: config.SHUTDOWN_GRACE_MS + config.SHUTDOWN_DRAIN_MS,
  };
}

/** The queue over HTTP, and the consumer that drains it through the pool into the cache. */
@Module({
  imports: [
    CompletionModule,
    RedisCacheModule.registerConsumer({
      imports: [QueueHandlingModule],
      inject: [QueuedCompletionHandler, demoConfig.KEY],
      useFactory: consumerOptions,
    }),
  ],
  controllers: [QueueController, DeadRequestsController],
})
export class QueueModule {}
