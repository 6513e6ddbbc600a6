import type { FastifyReply } from 'fastify';
import { type AnswerNote, answerSourceOf } from '../http/answer-note.js';
import type { RequestEnd, RequestObserver } from '../http/request-end.js';

/** The level of all lines of the access log. */
export const ACCESS_LEVEL = 'info';

const BEFORE_TIME = `{"level":"${ACCESS_LEVEL}","time":`;
const BEFORE_ID = `,"pid":${process.pid},"requestId":`;
/** Texts of which there are few: routes, methods, tenants. */
const MAX_QUOTED = 2_000;
const quoted = new Map<string, string>();

/**
 * Writes one line of JSON for each request: `requestId`, `method`, `route`, `status`, `durationMs`, and where
 * there is one `cache`, `source`, `tenant` (none where the key was not accepted) and `aborted`.
 */
export function accessLog(write: (line: string) => void): RequestObserver {
  return (end) => write(accessLine(end));
}

/** Put together by hand: a serialiser for any object would take several times as long. */
export function accessLine({ request, reply, route, status, durationMs, aborted }: RequestEnd): string {
  const head = `${startOf(Date.now())}${JSON.stringify(request.id)}`;
  const what = `,"method":${quote(request.method)},"route":${quote(route)},"status":${status}`;
  const name: string | undefined = request.tenant?.name;
  const tenant = name === undefined ? '' : `,"tenant":${quote(name)}`;
  const end = `,"durationMs":${durationMs}${aborted ? ',"aborted":true' : ''}}\n`;
  return `${head}${what}${cacheFields(reply)}${tenant}${end}`;
}

let startedAt = 0;
let start = '';

/** What lines of one millisecond begin with. */
function startOf(now: number): string {
  if (now === startedAt) return start;
  startedAt = now;
  start = `${BEFORE_TIME}${now}${BEFORE_ID}`;
  return start;
}

/** Of notes that many answers share. */
const fieldsOfNotes = new WeakMap<AnswerNote, string>();

function cacheFields(reply: FastifyReply): string {
  const { answer } = reply;
  if (answer?.cacheStatus === undefined) return fieldsFor(answer, reply.getHeader('cache-status'));
  const known = fieldsOfNotes.get(answer);
  if (known !== undefined) return known;
  const fields = fieldsFor(answer, answer.cacheStatus);
  fieldsOfNotes.set(answer, fields);
  return fields;
}

function fieldsFor(answer: AnswerNote | null, status: ReturnType<FastifyReply['getHeader']>): string {
  const cache = status === undefined ? '' : `,"cache":${JSON.stringify(String(status))}`;
  return answer === null ? cache : `${cache},"source":"${answerSourceOf(answer)}"`;
}

function quote(text: string): string {
  const known = quoted.get(text);
  if (known !== undefined) return known;
  if (quoted.size >= MAX_QUOTED) quoted.clear();
  const made = JSON.stringify(text);
  quoted.set(text, made);
  return made;
}
