import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';
import { withoutSecrets } from './redact.js';

type Level = 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal';

/** Parts of the framework that log every route and module at each start. */
const VERBOSE_CONTEXTS = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory']);
const STACK_LINE = /\n\s+at /;

/** Writes Nest's log, and everything that uses Nest's `Logger`, with pino. */
export class PinoNestLogger implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...more: unknown[]): void {
    this.#write(VERBOSE_CONTEXTS.has(String(more.at(-1))) ? 'debug' : 'info', message, more);
  }

  error(message: unknown, ...more: unknown[]): void {
    this.#write('error', message, more);
  }

  warn(message: unknown, ...more: unknown[]): void {
    this.#write('warn', message, more);
  }

  debug(message: unknown, ...more: unknown[]): void {
    this.#write('debug', message, more);
  }

  verbose(message: unknown, ...more: unknown[]): void {
    this.#write('trace', message, more);
  }

  fatal(message: unknown, ...more: unknown[]): void {
    this.#write('fatal', message, more);
  }

  #write(level: Level, message: unknown, more: unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const { context, stack } = readMore(level, more);
    if (message instanceof Error) {
      this.pino[level]({ context, err: message }, withoutSecrets(message.message));
    } else if (typeof message === 'object' && message !== null) {
      this.pino[level]({ context, details: message });
    } else {
      this.pino[level]({ context, ...splitStack(withoutSecrets(String(message)), stack) });
    }
  }
}

/** Nest's arguments after the message: the context is last; errors have a stack before it. */
function readMore(level: Level, more: unknown[]): { context?: string; stack?: string } {
  const texts = more.filter((part) => typeof part === 'string');
  const stack = level === 'error' ? texts.find((text) => STACK_LINE.test(text)) : undefined;
  const context = texts.findLast((text) => text !== stack);
  return { context, stack };
}

// A stack that was passed as the message begins with the message.
function splitStack(text: string, stack: string | undefined): { msg: string; stack?: string } {
  const at = text.search(STACK_LINE);
  return at === -1 ? { msg: text, stack } : { msg: text.slice(0, at), stack: text };
}
