import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { WorkerPoolHealthModule } from 'nestjs-worker-pool/health';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { HealthController } from './health.controller.js';

@Module({
  imports: [
    TerminusModule.forRootAsync({
      inject: [gatewayConfig.KEY],
      useFactory: (config: GatewayConfig) => ({
        gracefulShutdownTimeoutMs: config.SHUTDOWN_GRACE_MS,
        logger: false,
      }),
    }),
    WorkerPoolHealthModule,
  ],
  controllers: [HealthController],
})
export class HealthModule {}
