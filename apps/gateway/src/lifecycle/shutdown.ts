import type { ServerResponse } from 'node:http';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { WorkerPool } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';

/**
 * Makes every response close its connection once the server stops, after the grace period. Otherwise clients that keep
 * their connections alive would delay the end of the process.
 */
@Injectable()
export class ConnectionDrain implements OnModuleInit, BeforeApplicationShutdown {
  #stopping = false;

  constructor(private readonly host: HttpAdapterHost<FastifyAdapter>) {}

  /** Whether the server is stopping, and the grace period is over. */
  get stopping(): boolean {
    return this.#stopping;
  }

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance();
    // A callback instead of a promise, since it runs for every response.
    fastify.addHook('onSend', (_request, reply, _payload, done) => {
      if (this.#stopping) reply.header('Connection', 'close');
      done();
    });
  }

  /** Ends the connection of a response that is sent slowly, if the server stops before its end. */
  endConnectionAfter(response: ServerResponse): void {
    const { socket } = response;
    response.once('finish', () => {
      if (this.#stopping) socket?.destroySoon();
    });
  }

  beforeApplicationShutdown(): void {
    this.#stopping = true;
  }
}

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
