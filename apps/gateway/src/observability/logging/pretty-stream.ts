import type { DestinationStream } from 'pino';
import { prettyFactory } from 'pino-pretty';

/** Fields of the access log that the message contains already. */
const IN_MESSAGE = [
  'method',
  'route',
  'status',
  'cache',
  'source',
  'durationMs',
  'stream',
  'firstEventMs',
  'streamError',
  'error',
  'upstreamStatus',
  'upstreamRequestId',
  'aborted',
  'context',
];
const HIDDEN = ['pid', 'requestId', 'tenant', ...IN_MESSAGE].join(',');

/** Writes readable lines, each at once. */
export function createPrettyStream(write: (text: string) => void): DestinationStream {
  const format = prettyFactory({
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: HIDDEN,
    messageFormat: (line, messageKey) => accessMessage(line) ?? contextMessage(line, messageKey),
  });
  return { write: (line) => write(format(line)) };
}

function accessMessage(line: Record<string, unknown>): string | null {
  if (line['route'] === undefined) return null;
  const { method, route, status, cache, source, durationMs, aborted } = line;
  const parts = [method, route, status, `${String(durationMs)} ms`, cache, source && `(${String(source)})`];
  return [...parts, streamMessage(line), failureMessage(line), aborted === true && 'client gone']
    .filter(Boolean)
    .join(' ');
}

function streamMessage({ stream, firstEventMs, streamError }: Record<string, unknown>): string {
  if (stream === undefined) return '';
  const first = firstEventMs === undefined ? '' : `, first event after ${String(firstEventMs)} ms`;
  return `stream ${[stream, streamError].filter(Boolean).join(' ')}${first}`;
}

function failureMessage({ error, upstreamStatus, upstreamRequestId }: Record<string, unknown>): string {
  const upstream = [upstreamStatus, upstreamRequestId].filter((part) => part !== undefined).join(' ');
  return [error, upstream && `(upstream ${upstream})`].filter(Boolean).join(' ');
}

function contextMessage(line: Record<string, unknown>, messageKey: string): string {
  const context = line['context'];
  const message = String(line[messageKey] ?? '');
  return context === undefined ? message : `[${String(context)}] ${message}`;
}
