import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { WorkerPoolHealthIndicator } from './worker-pool.health.js';

/** Provides {@link WorkerPoolHealthIndicator} for the `WorkerPool` that is global in the application. */
@Module({
  imports: [TerminusModule],
  providers: [WorkerPoolHealthIndicator],
  exports: [WorkerPoolHealthIndicator],
})
export class WorkerPoolHealthModule {}
