import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { loggableFields } from './redact.js';

/** Log lines wait for company, for at most this long. */
const FLUSH_EVERY_MS = 250;
const BUFFER_BYTES = 32 * 1024;
const MAX_WRITE_BYTES = 64 * 1024;
/** When nobody reads what is written, lines are dropped above this. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** What the process writes its log with. Both write to the same place. */
export interface DemoLoggers {
  /** For everything: secrets are taken out of whatever is given to it. */
  general: Logger;
  /** For the access log only, whose fields are known not to be secret. */
  access: Logger;
}

export interface LogSettings {
  level: LogLevel;
  /** Lines for a person instead of JSON. */
  pretty: boolean;
}

/** JSON in production and wherever nobody sits before a terminal. */
export function isForPerson(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  return isTerminal && env.NODE_ENV !== 'production';
}

/** The loggers of this process. JSON lines are written in batches; none is lost at an orderly exit or a fatal line. */
export async function createLoggers(settings: LogSettings): Promise<DemoLoggers> {
  return loggersOn(settings.pretty ? await prettyStream() : batchingStream(), settings.level);
}

/** The loggers on a stream. */
export function loggersOn(stream: DestinationStream, level: LogLevel): DemoLoggers {
  const base = { pid: process.pid };
  const formatters = { level: (label: string) => ({ level: label }) };
  const options: LoggerOptions = { level, base, formatters };
  return {
    general: pino({ ...options, formatters: { ...formatters, log: loggableFields } }, stream),
    access: pino(options, stream),
  };
}

function batchingStream(): DestinationStream {
  // pino flushes it when the process exits.
  return pino.destination({
    dest: process.stdout.fd,
    sync: false,
    // Each write costs as much as several lines.
    minLength: BUFFER_BYTES,
    maxWrite: MAX_WRITE_BYTES,
    maxLength: MAX_WAITING_BYTES,
    periodicFlush: FLUSH_EVERY_MS,
  });
}

// Loaded only where somebody reads it.
async function prettyStream(): Promise<DestinationStream> {
  const { createPrettyStream } = await import('./pretty-stream.js');
  return createPrettyStream((text) => process.stdout.write(text));
}
