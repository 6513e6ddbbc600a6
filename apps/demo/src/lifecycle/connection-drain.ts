import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';

/**
 * From the moment the server is told to stop, every answer closes its connection. Otherwise a client
 * that keeps its connection open for later would hold up the end of the process.
 */
@Injectable()
export class ConnectionDrain implements OnModuleInit, BeforeApplicationShutdown {
  #stopping = false;

  constructor(private readonly host: HttpAdapterHost<FastifyAdapter>) {}

  /** Whether the server was told to stop. */
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
