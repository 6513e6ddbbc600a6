import { answerSourceOf } from '../../http/answer.js';
import type { StreamEnd } from '../../http/stream-progress.js';
import {
  type RequestEnd,
  type RequestFailure,
  type RequestObserver,
  watchRequests,
} from '../../http/request-end.js';
import type { FastifyInstance } from 'fastify';
import type { GatewayLoggers } from './create-loggers.js';
import { echoRequestId } from '../../http/request-id.js';

/** The level of all lines of the access log. */
export const ACCESS_LEVEL = 'info';

const BEFORE_TIME = `{"level":"${ACCESS_LEVEL}","time":`;
const BEFORE_ID = `,"pid":${process.pid},"requestId":`;
/** Quoted strings of few different values: routes, methods, tenants, `Cache-Status`. */
const MAX_QUOTED = 2_000;
const quoted = new Map<string, string>();

/**
 * Writes one line of JSON for each request: `requestId`, `method`, `route`, `status`, `durationMs`, and if present
 * `cache`, `source`, `tenant` (absent if the key was not accepted) and `aborted`; for a stream of a completion also
 * `stream` (how it ended), `firstEventMs` and `streamError`. A request that failed has `error`, the code, and `task`, the
 * id of the task that failed, which the pool's own lines contain; if the service behind the executor failed, also
 * `upstreamStatus` and `upstreamRequestId`, its own id of the request.
 */
export function accessLog(write: (line: string) => void): RequestObserver {
  return (end) => write(accessLine(end));
}

/** Concatenates the line, because a general serializer would take several times as long. */
export function accessLine(end: RequestEnd): string {
  const { id, method, route, status, durationMs, aborted, tenant, cacheStatus, failure, stream } = end;
  const answer = end.answer ?? stream?.origin ?? null;
  const head = `${startOf(Date.now())}${JSON.stringify(id)},"method":${quote(method)},"route":${quote(route)}`;
  const cache = cacheStatus === undefined ? '' : `,"cache":${quote(cacheStatus)}`;
  const source = answer === null ? '' : `,"source":"${answerSourceOf(answer)}"`;
  const who = tenant === undefined ? '' : `,"tenant":${quote(tenant)}`;
  const gone = aborted ? ',"aborted":true' : '';
  const streamed = stream === null ? '' : streamFields(stream);
  const failed = failure === null ? '' : failureFields(failure);
  return `${head},"status":${status}${cache}${source}${who},"durationMs":${durationMs}${streamed}${failed}${gone}}\n`;
}

function streamFields({ outcome, firstEventMs, code }: StreamEnd): string {
  const first = firstEventMs === null ? '' : `,"firstEventMs":${firstEventMs}`;
  const reason = code === undefined ? '' : `,"streamError":${quote(code)}`;
  return `,"stream":"${outcome}"${first}${reason}`;
}

function failureFields({ code, upstream, taskId }: RequestFailure): string {
  const { status = null, requestId = null } = upstream ?? {};
  const task = taskId === undefined ? '' : `,"task":${JSON.stringify(taskId)}`;
  const error = code === undefined ? task : `,"error":${quote(code)}${task}`;
  const statusField = status === null ? '' : `,"upstreamStatus":${status}`;
  return `${error}${statusField}${requestId === null ? '' : `,"upstreamRequestId":${JSON.stringify(requestId)}`}`;
}

let startedAt = 0;
let start = '';

/** The start that lines of one millisecond have in common. */
function startOf(now: number): string {
  if (now === startedAt) return start;
  startedAt = now;
  start = `${BEFORE_TIME}${now}${BEFORE_ID}`;
  return start;
}

function quote(text: string): string {
  const known = quoted.get(text);
  if (known !== undefined) return known;
  if (quoted.size >= MAX_QUOTED) quoted.clear();
  const made = JSON.stringify(text);
  quoted.set(text, made);
  return made;
}

/** Adds request ids and the access log. Must be called before any hook that may refuse a request. */
export function useLogs(fastify: FastifyInstance, logs: GatewayLoggers): void {
  echoRequestId(fastify);
  watchRequests(fastify);
  fastify.requestObservers.push(accessLog(logs.access));
}
