import type { FastifyReply } from 'fastify';
import { ProblemError } from './problem.js';

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
