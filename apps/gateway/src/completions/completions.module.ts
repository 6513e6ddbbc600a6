import { Module } from '@nestjs/common';
import { SavingsModule } from '../savings/savings.module.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { AsyncCompletionService } from './background-completions.service.js';
import { CompletionController } from './completions.controller.js';
import { HitLane } from '../fast-path/hit-lane.js';
import { KnownRequests } from '../fast-path/known-requests.js';
import { ConnectionDrain } from '../lifecycle/shutdown.js';
import { CompletionService } from './completions.service.js';

@Module({
  imports: [SavingsModule, TasksModule],
  controllers: [CompletionController],
  providers: [CompletionService, AsyncCompletionService, HitLane, KnownRequests, ConnectionDrain],
  exports: [CompletionService, ConnectionDrain],
})
export class CompletionModule {}
