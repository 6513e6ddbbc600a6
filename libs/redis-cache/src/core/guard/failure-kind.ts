/**
 * What a failed operation says about Redis:
 * - `unavailable`: the server answers, but serves nobody: the breaker opens
 * - `connection`: the connection went away; the connection itself reports that
 * - `write-refused`: reads go on, writes do not
 * - `command`: this one command failed; says nothing about the next
 */
export type FailureKind = 'unavailable' | 'connection' | 'write-refused' | 'command';

const UNAVAILABLE = new Set([
  'LOADING',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'NOAUTH',
  'WRONGPASS',
  'BUSY',
  'TRYAGAIN',
]);
const WRITE_REFUSED = new Set(['READONLY', 'OOM', 'MISCONF', 'NOREPLICAS']);
const REPLY_CODE = /^[A-Z][A-Z0-9]+(?= )/;

/** First word of an error reply (`OOM`, `WRONGTYPE`), else the system's code (`ECONNREFUSED`), else the class. */
export function failureCode(error: unknown): string {
  const reply = isReplyError(error) ? error.message.match(REPLY_CODE)?.[0] : undefined;
  const { code, name } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return [reply, code, name].find((text) => typeof text === 'string') ?? 'UNKNOWN';
}

/** Sorts an error by what it says about Redis. */
export function failureKind(error: unknown): FailureKind {
  if (!isReplyError(error)) return 'connection';
  const code = failureCode(error);
  if (UNAVAILABLE.has(code)) return 'unavailable';
  return WRITE_REFUSED.has(code) ? 'write-refused' : 'command';
}

// By name, not by class: the user's client may come from another copy of ioredis, and an error of the
// system is no `Error` of this realm inside a test runner.
function isReplyError(error: unknown): error is Error {
  return (error as Error | undefined)?.name === 'ReplyError';
}
