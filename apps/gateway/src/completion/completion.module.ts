import { Module } from '@nestjs/common';
import { SavingsModule } from '../savings/savings.module.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { AsyncCompletionService } from './async-completion.service.js';
import { CompletionController } from './completion.controller.js';
import { HitLane } from '../lane/hit-lane.js';
import { KnownRequests } from '../lane/known-requests.js';
import { ConnectionDrain } from '../lifecycle/connection-drain.js';
import { CompletionService } from './completion.service.js';

@Module({
  imports: [SavingsModule, TasksModule],
  controllers: [CompletionController],
  providers: [CompletionService, AsyncCompletionService, HitLane, KnownRequests, ConnectionDrain],
  exports: [CompletionService, ConnectionDrain],
})
export class CompletionModule {}
