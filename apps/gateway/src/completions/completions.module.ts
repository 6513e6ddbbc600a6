import { Module } from '@nestjs/common';
import { SavingsModule } from '../savings/savings.module.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { BackgroundCompletionsService } from './background-completions.service.js';
import { CompletionsController } from './completions.controller.js';
import { CompletionsService } from './completions.service.js';
import { HitCache } from './hit-cache.js';

@Module({
  imports: [SavingsModule, TasksModule],
  controllers: [CompletionsController],
  providers: [CompletionsService, BackgroundCompletionsService, HitCache],
  exports: [CompletionsService, HitCache],
})
export class CompletionsModule {}
