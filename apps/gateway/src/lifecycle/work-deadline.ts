import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { WorkerPool } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';

/**
 * Running requests may finish when the server is told to stop, but not for ever: after the drain time
 * the pool closes, which ends their tasks, so that each still gets its answer.
 */
@Injectable()
export class WorkDeadline implements BeforeApplicationShutdown {
  constructor(
    private readonly pool: WorkerPool,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  beforeApplicationShutdown(): void {
    const { SHUTDOWN_GRACE_MS: grace, SHUTDOWN_DRAIN_MS: drain } = this.config;
    setTimeout(() => void this.pool.close(), grace + drain).unref();
  }
}
