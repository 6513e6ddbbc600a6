/**
 * What a failed operation says about Redis:
 * - `unavailable`: the server replies, but serves no client
 * - `connection`: the connection was lost, which the connection itself reports
 * - `write-refused`: reads succeed, writes do not
 * - `command`: only this command failed, which says nothing about the next
 */
export type FailureKind = 'unavailable' | 'connection' | 'write-refused' | 'command';

/** Reply codes that concern every command; all others concern the one command. */
const KIND_OF_REPLY = new Map<string, FailureKind>([
  ['LOADING', 'unavailable'],
  ['MASTERDOWN', 'unavailable'],
  ['CLUSTERDOWN', 'unavailable'],
  ['NOAUTH', 'unavailable'],
  ['WRONGPASS', 'unavailable'],
  ['BUSY', 'unavailable'],
  ['READONLY', 'write-refused'],
  // Ends blocking commands when the server becomes a replica.
  ['UNBLOCKED', 'write-refused'],
  ['OOM', 'write-refused'],
  ['MISCONF', 'write-refused'],
  ['NOREPLICAS', 'write-refused'],
]);

/** Codes of the operating system and of Node.js for a connection that cannot be opened or was lost. */
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** How the errors of ioredis begin that have no code: the command was not sent, or its reply never came. */
const IOREDIS_MESSAGES = [
  'Connection is closed',
  "Stream isn't writeable",
  "Cluster isn't ready",
  'Command timed out',
  'Command aborted due to connection close',
  'Reached the max retries per request limit',
  'Failed to refresh slots cache',
  'None of startup nodes is available',
  'All sentinels are unreachable',
];

const REPLY_CODE = /^[A-Z][A-Z0-9]+(?= )/;
/** ioredis keeps only the text of the error that ended its redirections. */
const LAST_REDIRECTION = /^Too many Cluster redirections\. Last error: (?:(?<name>\w+): )?(?<message>.*)$/s;

/** First word of an error reply (`OOM`, `WRONGTYPE`), else the system's code (`ECONNREFUSED`), else the class. */
export function failureCode(error: unknown): string {
  const reply = isReplyError(error) ? error.message.match(REPLY_CODE)?.[0] : undefined;
  const { code, name } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return [reply, code, name].find((text) => typeof text === 'string') ?? 'UNKNOWN';
}

/** Classifies an error by what it says about Redis. */
export function failureKind(error: unknown): FailureKind {
  return isReplyError(error) ? (KIND_OF_REPLY.get(failureCode(error)) ?? 'command') : 'connection';
}

/**
 * Returns whether Redis could not be reached, or refused the command for a reason that also concerns the next one.
 * Unlike `failureKind` it distinguishes such errors from those that have nothing to do with Redis, and examines errors
 * that wrap others. A command that failed like this may be sent again if it may run twice.
 */
export function isOutage(error: unknown): boolean {
  if (isReplyError(error)) return failureKind(error) !== 'command' || isSplitSlot(error);
  const {
    code,
    message = '',
    errors,
  } = Object(error) as { code?: string; message?: string; errors?: unknown };
  if (code !== undefined && NETWORK_CODES.has(code)) return true;
  if (Array.isArray(errors) && errors.some(isOutage)) return true;
  const last = LAST_REDIRECTION.exec(message)?.groups;
  return last ? isOutage(last) : IOREDIS_MESSAGES.some((beginning) => message.startsWith(beginning));
}

/**
 * Returns whether a command met a slot that migrates, and was sent to and fro until it was given up: with several keys
 * it fails while only some of them have moved. That concerns this slot only, and commands with one key succeed.
 */
export function isSplitSlot(error: unknown): boolean {
  const { message = '' } = Object(error) as { message?: string };
  if (message.startsWith('TRYAGAIN')) return true;
  return /^(TRYAGAIN|ASK|MOVED) /.test(LAST_REDIRECTION.exec(message)?.groups?.['message'] ?? '');
}

/** Returns whether the server does not know a script; it may say so after redirections. */
export function isUnknownScript(error: unknown): boolean {
  const { message = '' } = Object(error) as { message?: string };
  return (LAST_REDIRECTION.exec(message)?.groups?.['message'] ?? message).startsWith('NOSCRIPT');
}

/**
 * Returns whether the server has replied with an error. By name, not by class: the user's client may come from another
 * copy of ioredis, and an error of the system is no `Error` of this realm inside a test runner.
 */
export function isReplyError(error: unknown): error is Error {
  return (error as Error | undefined)?.name === 'ReplyError';
}
