import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';

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
