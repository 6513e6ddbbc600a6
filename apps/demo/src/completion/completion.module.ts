import { Module } from '@nestjs/common';
import { SavingsModule } from '../savings/savings.module.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { AsyncCompletionService } from './async-completion.service.js';
import { CompletionController } from './completion.controller.js';
import { CompletionService } from './completion.service.js';

@Module({
  imports: [SavingsModule, TasksModule],
  controllers: [CompletionController],
  providers: [CompletionService, AsyncCompletionService],
  exports: [CompletionService],
})
export class CompletionModule {}
