import { onAbort } from 'nestjs-redis-connection';
import { FactoryTimeoutError, RemoteFactoryError } from '../errors/errors.js';
import type { ComputationTicket } from './computation-ticket.js';

/** The argument of a factory. */
export interface FactoryContext {
  /** Aborts when the last caller has left, and at `hardTimeoutMs`. */
  readonly signal: AbortSignal;
  /** The value past its TTL that is served if the factory fails; `undefined` if there is none. */
  readonly stale: unknown;
  /**
   * Permission to store this computation's value, to be sent along with work that another process does; that process
   * passes it to `RedisCacheService.resume`. Plain JSON. `null` when this computation has no lease: Redis is
   * unavailable, `no-store`, or another process holds the lease and `crossProcess` is `false`.
   */
  readonly ticket: ComputationTicket | null;
}

/** Computes a value. */
export type Factory<T> = (context: FactoryContext) => T | Promise<T>;

/**
 * Calls a factory. At the hard limit its signal aborts and this rejects, though the factory may go on. When the
 * callers leave, only the signal aborts, because a result that comes all the same is worth storing.
 *
 * @throws {FactoryTimeoutError} after `hardTimeoutMs`
 */
export async function runFactory<T>(
  factory: Factory<T>,
  given: FactoryContext,
  hardTimeoutMs: number | undefined,
): Promise<T> {
  if (hardTimeoutMs === undefined) return factory(given);
  // Not AbortSignal.any(): Node 20 never frees its signal once the factory listens to it.
  const controller = new AbortController();
  const stopListening = onAbort(given.signal, () => controller.abort(given.signal.reason));
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new FactoryTimeoutError(hardTimeoutMs);
      controller.abort(error);
      reject(error);
    }, hardTimeoutMs);
  });
  const context = { ...given, signal: controller.signal };
  try {
    return await Promise.race([(async () => factory(context))(), timeout]);
  } finally {
    stopListening();
    clearTimeout(timer);
  }
}

const MAX_MESSAGE_LENGTH = 4_096;

interface FailureText {
  message: string;
  code?: string;
  retryAfterMs?: number;
}

/** An error as text for other processes: its message, its code and its `retryAfterMs`, nothing else. Never throws. */
export function writeFailure(error: unknown): string {
  try {
    const { message, code, retryAfterMs } = (error ?? {}) as Record<keyof FailureText, unknown>;
    const text: FailureText = {
      message: shortened(typeof message === 'string' ? message : String(error)),
      ...(typeof code === 'string' && { code: shortened(code) }),
      ...(isDelay(retryAfterMs) && { retryAfterMs }),
    };
    return JSON.stringify(text);
  } catch {
    return '{}';
  }
}

/** The error of another process, or of an entry that is a failure. */
export function readFailure(failure: unknown): RemoteFactoryError {
  const { message, code, retryAfterMs } = (failure ?? {}) as Partial<FailureText>;
  const delay = isDelay(retryAfterMs) ? retryAfterMs : undefined;
  return new RemoteFactoryError(String(message ?? 'a factory failed'), code, delay);
}

function isDelay(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function shortened(text: string): string {
  return text.slice(0, MAX_MESSAGE_LENGTH);
}
