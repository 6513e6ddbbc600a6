import type { Logger } from 'pino';
import { answerSourceOf } from '../http/answer-note.js';
import type { RequestEnd, RequestObserver } from '../http/request-end.js';

/** One line of the access log. `undefined` fields are left out. */
export interface AccessLine {
  requestId: string;
  method: string;
  route: string;
  status: number;
  cache: string | undefined;
  source: string | undefined;
  /** `undefined` where the key was not accepted. */
  tenant: string | undefined;
  durationMs: number;
  aborted: true | undefined;
}

/** Logs one line for each request. */
export function accessLog(logger: Logger): RequestObserver {
  return (end) => logger.info(accessLine(end));
}

function accessLine({ request, reply, route, status, durationMs, aborted }: RequestEnd): AccessLine {
  return {
    requestId: request.id,
    method: request.method,
    route,
    status,
    cache: text(reply.getHeader('cache-status')),
    source: reply.answer === null ? undefined : answerSourceOf(reply.answer),
    tenant: request.tenant?.name,
    durationMs,
    aborted: aborted || undefined,
  };
}

function text(header: number | string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header);
}
