import { type BeforeApplicationShutdown, Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { WorkerPool } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';

/**
 * From when the server stops, after its time of grace, every answer closes its connection. Otherwise a client
 * that keeps its connection open for later would hold up the end of the process.
 */
@Injectable()
export class ConnectionDrain implements OnModuleInit, BeforeApplicationShutdown {
  #stopping = false;

  constructor(private readonly host: HttpAdapterHost<FastifyAdapter>) {}

  /** Whether the server stops: it was told to, and its time of grace is over. */
  get stopping(): boolean {
    return this.#stopping;
  }

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance();
    // No promise: this runs for every answer.
    fastify.addHook('onSend', (_request, reply, _payload, done) => {
      if (this.#stopping) reply.header('Connection', 'close');
      done();
    });
  }

  beforeApplicationShutdown(): void {
    this.#stopping = true;
  }
}

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

/** A worker's tasks end or go back before anything else closes: what they compute has yet to be stored. */
@Injectable()
export class WorkerDrain implements BeforeApplicationShutdown {
  constructor(private readonly pool: WorkerPool) {}

  beforeApplicationShutdown(): Promise<void> {
    return this.pool.close();
  }
}
