import { RemoteFactoryError } from '../errors/errors.js';

const MAX_MESSAGE_LENGTH = 4_096;

interface FailureText {
  message: string;
  code?: string;
  retryAfterMs?: number;
}

/** An error as text for other processes: its message, its code and when to try again, nothing else. Whatever was thrown. */
export function writeFailure(error: unknown): string {
  try {
    const { message, code, retryAfterMs } = (error ?? {}) as Record<keyof FailureText, unknown>;
    const text: FailureText = {
      message: cut(typeof message === 'string' ? message : String(error)),
      ...(typeof code === 'string' && { code: cut(code) }),
      ...(isDelay(retryAfterMs) && { retryAfterMs }),
    };
    return JSON.stringify(text);
  } catch {
    return '{}';
  }
}

function isDelay(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function cut(text: string): string {
  return text.slice(0, MAX_MESSAGE_LENGTH);
}

/** The error of another process, or of an entry that is a failure. */
export function readFailure(failure: unknown): RemoteFactoryError {
  const { message, code, retryAfterMs } = (failure ?? {}) as Partial<FailureText>;
  const delay = isDelay(retryAfterMs) ? retryAfterMs : undefined;
  return new RemoteFactoryError(String(message ?? 'a factory failed'), code, delay);
}
