import { RemoteFactoryError } from '../../errors/remote-factory.error.js';

const MAX_MESSAGE_LENGTH = 4_096;

interface FailureText {
  message: string;
  code?: string;
}

/** An error as text for other processes: its message and its code, nothing else. Whatever was thrown. */
export function writeFailure(error: unknown): string {
  try {
    const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
    const text: FailureText = { message: cut(typeof message === 'string' ? message : String(error)) };
    return JSON.stringify(typeof code === 'string' ? { ...text, code: cut(code) } : text);
  } catch {
    return '{}';
  }
}

function cut(text: string): string {
  return text.slice(0, MAX_MESSAGE_LENGTH);
}

/** The error of another process, or of an entry that is a failure. */
export function readFailure(failure: unknown): RemoteFactoryError {
  const { message, code } = (failure ?? {}) as Partial<FailureText>;
  return new RemoteFactoryError(String(message ?? 'a factory failed'), code);
}
