import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { ACCESS_LEVEL } from './access-log.js';
import { loggableFields } from './redact.js';
import type { FastifyServerOptions } from 'fastify';
import { requestId } from '../../http/request-id.js';

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

// Fastify's own would log the URL, into which a client can put anything.
const NO_SERIALIZERS = { req: String, res: String };

/** Options of Fastify that have to do with logs: its own warnings and errors, and the id of each request. */
export function fastifyLogOptions(
  logger: Logger,
): Pick<FastifyServerOptions, 'loggerInstance' | 'childLoggerFactory' | 'genReqId'> {
  return {
    // Requests are told of by the access log.
    loggerInstance: logger.child({ context: 'Fastify' }, { level: 'warn', serializers: NO_SERIALIZERS }),
    // A logger of its own for each request would cost more than the line it writes.
    childLoggerFactory: (shared) => shared,
    genReqId: requestId,
  };
}

/** Lines wait for company, for at most this long. */
const FLUSH_EVERY_MS = 50;
const BATCH_BYTES = 65_536;
/** What one character takes in UTF-8 at most. */
const MAX_CHARACTER_BYTES = 3;
const NO_ROOM = Buffer.alloc(0);

/** Where batches go. */
export interface BatchTarget {
  write(batch: Buffer): unknown;
  flushSync(): void;
}

/** Collects lines and writes many of them at once. None is lost at an orderly exit or a fatal line. */
export class LineBatch {
  // Bytes, since texts that are put together wait as trees of their parts, which the garbage collector moves about.
  #batch: Buffer = NO_ROOM;
  #used = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly target: BatchTarget) {}

  write(line: string): void {
    const atMost = line.length * MAX_CHARACTER_BYTES;
    if (atMost > this.#batch.length - this.#used) this.#makeRoom(atMost);
    this.#used += this.#batch.write(line, this.#used);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_EVERY_MS).unref();
  }

  /** Everything so far is out when this returns. */
  flushSync(): void {
    this.#flush();
    this.target.flushSync();
  }

  #makeRoom(bytes: number): void {
    this.#flush();
    this.#batch = Buffer.allocUnsafeSlow(Math.max(bytes, BATCH_BYTES));
  }

  // The target keeps what it was given for as long as it writes, so nothing is written over it.
  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#used === 0) return;
    const batch = this.#batch.subarray(0, this.#used);
    this.#batch = this.#batch.subarray(this.#used);
    this.#used = 0;
    this.target.write(batch);
  }
}
