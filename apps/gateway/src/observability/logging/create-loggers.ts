import type { FastifyServerOptions } from 'fastify';
import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { requestId } from '../../http/request-id.js';
import { ACCESS_LEVEL } from './access-log.js';
import { loggableFields } from './redact.js';

const MAX_WRITE_BYTES = 64 * 1024;
/** Lines above this are dropped while the reader of the output is too slow. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** Writes a whole line, which includes its line break. */
export type WriteLine = (line: string) => void;

/** The loggers of the process, which write to the same output. */
export interface GatewayLoggers {
  /** Removes secrets from everything it logs. */
  general: Logger;
  /** Writes a line of the access log, whose fields contain no secrets. */
  access: WriteLine;
}

export interface LogSettings {
  level: LogLevel;
  /** Readable lines instead of JSON. */
  pretty: boolean;
}

/** Whether a person reads the log: on a terminal, unless in production. Otherwise it is JSON. */
export function isForPerson(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  return isTerminal && env.NODE_ENV !== 'production';
}

/** Creates the loggers. JSON lines are written in batches; none is lost at a regular exit or on a fatal line. */
export async function createLoggers(settings: LogSettings): Promise<GatewayLoggers> {
  return loggersOn(settings.pretty ? await prettyStream() : batchingStream(), settings.level);
}

/** Creates loggers that write to a stream. */
export function loggersOn(stream: DestinationStream, level: LogLevel): GatewayLoggers {
  const base = { pid: process.pid };
  const formatters = { level: (label: string) => ({ level: label }) };
  const options: LoggerOptions = { level, base, formatters };
  const general = pino({ ...options, formatters: { ...formatters, log: loggableFields } }, stream);
  const isLogged = general.isLevelEnabled(ACCESS_LEVEL);
  return { general, access: isLogged ? (line) => stream.write(line) : () => {} };
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

// Loaded only if a person reads the log.
async function prettyStream(): Promise<DestinationStream> {
  const { createPrettyStream } = await import('./pretty-stream.js');
  return createPrettyStream((text) => process.stdout.write(text));
}

// Fastify's serializers would log the URL, which may contain any text of a client.
const NO_SERIALIZERS = { req: String, res: String };

/** Fastify's options for its own warnings and errors, and for the id of each request. */
export function fastifyLogOptions(
  logger: Logger,
): Pick<FastifyServerOptions, 'loggerInstance' | 'childLoggerFactory' | 'genReqId'> {
  return {
    // The access log contains the requests.
    loggerInstance: logger.child({ context: 'Fastify' }, { level: 'warn', serializers: NO_SERIALIZERS }),
    // A logger per request would cost more than the line that it writes.
    childLoggerFactory: (shared) => shared,
    genReqId: requestId,
  };
}

/** The longest time that a line waits for others. */
const FLUSH_EVERY_MS = 50;
const BATCH_BYTES = 65_536;
/** The most bytes of a UTF-16 code unit in UTF-8. */
const MAX_CHARACTER_BYTES = 3;
const EMPTY = Buffer.alloc(0);

/** The output of batches. */
export interface BatchTarget {
  write(batch: Buffer): unknown;
  flushSync(): void;
}

/** Collects lines and writes many of them at once. None is lost at a regular exit or on a fatal line. */
export class LineBatch {
  // Bytes, since V8 keeps concatenated strings as trees, which the garbage collector would have to copy.
  #batch: Buffer = EMPTY;
  #used = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly target: BatchTarget) {}

  write(line: string): void {
    const atMost = line.length * MAX_CHARACTER_BYTES;
    if (atMost > this.#batch.length - this.#used) this.#makeRoom(atMost);
    this.#used += this.#batch.write(line, this.#used);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_EVERY_MS).unref();
  }

  /** Writes all lines up to now before it returns. */
  flushSync(): void {
    this.#flush();
    this.target.flushSync();
  }

  #makeRoom(bytes: number): void {
    this.#flush();
    this.#batch = Buffer.allocUnsafeSlow(Math.max(bytes, BATCH_BYTES));
  }

  // The target keeps a reference to the batch while it writes, so its bytes are not reused.
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
