import { Module } from '@nestjs/common';
import { LifecycleModule } from '../lifecycle/lifecycle.module.js';
import { SavingsModule } from '../savings/savings.module.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { BackgroundCompletionsService } from './background-completions.service.js';
import { CompletionSource } from './completion-source.js';
import { CompletionStreams } from './completion-streams.js';
import { CompletionsController } from './completions.controller.js';
import { CompletionsService } from './completions.service.js';
import { HitCache } from './hit-cache.js';
import { HitUsage } from './hit-usage.js';

@Module({
  imports: [LifecycleModule, SavingsModule, TasksModule],
  controllers: [CompletionsController],
  providers: [
    CompletionSource,
    CompletionsService,
    CompletionStreams,
    BackgroundCompletionsService,
    HitCache,
    HitUsage,
  ],
  exports: [CompletionsService, CompletionStreams, HitCache],
})
export class CompletionsModule {}
