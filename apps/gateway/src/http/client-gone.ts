import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { setHeaders } from './answer.js';
import { STREAM_HEADERS } from './event-stream.js';
import { ProblemError } from './problem.js';

/** The client closed its connection before it had the response, so no one reads the response to this error. */
export class ClientGoneError extends ProblemError {
  constructor() {
    super(499, 'The client closed the connection.', { code: 'ERR_CLIENT_GONE' });
    this.name = 'ClientGoneError';
  }
}

/** Creates a signal that aborts when the client closes its connection before it has the whole response. */
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
 * Sends a stream of Server-Sent Events, and destroys it when the response ends. Fastify destroys only streams whose body
 * it sends, which it does not for a HEAD request.
 */
export function sendEvents(reply: FastifyReply, events: Readable): void {
  if (reply.raw.closed) events.destroy();
  else reply.raw.once('close', () => events.destroy());
  setHeaders(reply, STREAM_HEADERS);
  void reply.send(events);
}
