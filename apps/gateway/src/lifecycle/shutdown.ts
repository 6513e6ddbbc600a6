import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { WorkerPool } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';

/**
 * Limits the time that running requests have to finish when the server stops: after the drain time the pool closes,
 * which ends their tasks, so that every request still gets a response.
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

/** Ends or returns a worker's tasks before anything else closes, because their results still have to be stored. */
@Injectable()
export class WorkerDrain implements BeforeApplicationShutdown {
  constructor(private readonly pool: WorkerPool) {}

  beforeApplicationShutdown(): Promise<void> {
    return this.pool.close();
  }
}
