import type { FastifyReply } from 'fastify';
import { ProblemError } from './problem.js';
import type { Readable } from 'node:stream';

/** The client closed its connection before it had its answer. Nobody reads what is made of it. */
export class ClientGoneError extends ProblemError {
  constructor() {
    super(499, 'The client closed the connection.', { code: 'ERR_CLIENT_GONE' });
    this.name = 'ClientGoneError';
  }
}

/** A signal that aborts when the client closes its connection before it has the whole answer. */
export function clientGoneSignal(reply: FastifyReply): AbortSignal {
  const { raw } = reply;
  const controller = new AbortController();
  const leave = (): void => {
    if (!raw.writableFinished) controller.abort(new ClientGoneError());
  };
  if (raw.closed) leave();
  else raw.once('close', leave);
  return controller.signal;
}

/**
 * Sends a stream of Server-Sent Events that ends with its response at the latest. The framework sees to that only where
 * it sends the body, which it does not for a HEAD request: nobody would end such a stream.
 */
export function sendEvents(reply: FastifyReply, events: Readable): void {
  if (reply.raw.closed) events.destroy();
  else reply.raw.once('close', () => events.destroy());
  reply.header('Content-Type', 'text/event-stream; charset=utf-8').header('Cache-Control', 'no-store');
  // A proxy that collects answers before it passes them on would hold events back.
  void reply.header('X-Accel-Buffering', 'no').send(events);
}
