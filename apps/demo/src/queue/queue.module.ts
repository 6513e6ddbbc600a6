import { Module } from '@nestjs/common';
import { CompletionModule } from '../completion/completion.module.js';
import { QueueConsumer } from './queue-consumer.js';
import { QueueController } from './queue.controller.js';

@Module({ imports: [CompletionModule], controllers: [QueueController], providers: [QueueConsumer] })
export class QueueModule {}
