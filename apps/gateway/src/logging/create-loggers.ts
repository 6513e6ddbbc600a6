import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { ACCESS_LEVEL } from './access-log.js';
import { LineBatch } from './line-batch.js';
import { loggableFields } from './redact.js';

const MAX_WRITE_BYTES = 64 * 1024;
/** When nobody reads what is written, lines are dropped above this. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** Takes a whole line, its end included. */
export type WriteLine = (line: string) => void;

/** What the process writes its log with. Both write to the same place. */
export interface GatewayLoggers {
  /** For everything: secrets are taken out of whatever is given to it. */
  general: Logger;
  /** Writes a line of the access log, whose fields are known not to be secret. */
  access: WriteLine;
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
export async function createLoggers(settings: LogSettings): Promise<GatewayLoggers> {
  return loggersOn(settings.pretty ? await prettyStream() : batchingStream(), settings.level);
}

/** The loggers on a stream. */
export function loggersOn(stream: DestinationStream, level: LogLevel): GatewayLoggers {
  const base = { pid: process.pid };
  const formatters = { level: (label: string) => ({ level: label }) };
  const options: LoggerOptions = { level, base, formatters };
  const general = pino({ ...options, formatters: { ...formatters, log: loggableFields } }, stream);
  const isHeard = general.isLevelEnabled(ACCESS_LEVEL);
  return { general, access: isHeard ? (line) => stream.write(line) : () => {} };
}

function batchingStream(): DestinationStream {
  const output = pino.destination({
    dest: process.stdout.fd,
    sync: false,
    contentMode: 'buffer',
    maxWrite: MAX_WRITE_BYTES,
    maxLength: MAX_WAITING_BYTES,
  });
  const batch = new LineBatch({
    write: (lines) => output.write(lines as unknown as string),
    flushSync: () => output.flushSync(),
  });
  process.once('exit', () => batch.flushSync());
  return batch;
}

// Loaded only where somebody reads it.
async function prettyStream(): Promise<DestinationStream> {
  const { createPrettyStream } = await import('./pretty-stream.js');
  return createPrettyStream((text) => process.stdout.write(text));
}
