import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { WorkerPoolHealthModule } from 'nestjs-worker-pool/health';
import { demoConfig, type DemoConfig } from '../config/demo-config.js';
import { HealthController } from './health.controller.js';

@Module({
  imports: [
    TerminusModule.forRootAsync({
      inject: [demoConfig.KEY],
      useFactory: (config: DemoConfig) => ({
        gracefulShutdownTimeoutMs: config.SHUTDOWN_GRACE_MS,
        logger: false,
      }),
    }),
    WorkerPoolHealthModule,
  ],
  controllers: [HealthController],
})
export class HealthModule {}
