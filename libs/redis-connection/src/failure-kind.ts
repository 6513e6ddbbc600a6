import { isReplyError, redirectedFailure, replyCode, rootFailure } from './wrapped-failure.js';

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

/** Replies that concern the keys of one slot of a Cluster. */
const UNSERVED_SLOT = /^CLUSTERDOWN Hash slot /;
const SPLIT_SLOT = /^(TRYAGAIN|ASK|MOVED) /;

/** First word of an error reply (`OOM`, `WRONGTYPE`), else the system's code (`ECONNREFUSED`), else the class. */
export function failureCode(error: unknown): string {
  const { code, name, message = '' } = rootFailure(error);
  const reply = name === 'ReplyError' ? replyCode(message) : undefined;
  return [reply, code, name].find((text) => typeof text === 'string') ?? 'UNKNOWN';
}

/**
 * Classifies an error by what it says about Redis, also an error that wraps others. A command that was redirected in a
 * Cluster until it was given up failed alone, unless the last reply says more: the other nodes may serve others.
 */
export function failureKind(error: unknown): FailureKind {
  const root = rootFailure(error);
  if (!isReplyError(root)) return redirectedFailure(error) === undefined ? 'connection' : 'command';
  if (isUnservedSlot(root)) return 'command';
  return KIND_OF_REPLY.get(failureCode(root)) ?? 'command';
}

/**
 * Returns whether Redis could not be reached, or refused the command for a reason that also concerns the next one.
 * Unlike `failureKind` it distinguishes such errors from those that have nothing to do with Redis. A command that
 * failed like this may be sent again if it may run twice.
 */
export function isOutage(error: unknown): boolean {
  const root = rootFailure(error);
  if (isReplyError(root)) {
    return failureKind(root) !== 'command' || isUnservedSlot(root) || [error, root].some(isSplitSlot);
  }
  return [error, root].some(isConnectionFailure);
}

/** Returns whether no node of the Cluster serves the command's slot. The other slots may be served. */
export function isUnservedSlot(error: unknown): boolean {
  return UNSERVED_SLOT.test(rootFailure(error).message ?? '');
}

/**
 * Returns whether a command met a slot that migrates, and was sent to and fro until it was given up: with several keys
 * it fails while only some of them have moved. That concerns this slot only, and commands with one key succeed.
 */
export function isSplitSlot(error: unknown): boolean {
  const { message = '' } = Object(error) as { message?: string };
  return message.startsWith('TRYAGAIN') || SPLIT_SLOT.test(redirectedFailure(error)?.message ?? '');
}

/** Returns whether the server does not know a script; it may say so after redirections. */
export function isUnknownScript(error: unknown): boolean {
  return rootFailure(error).message?.startsWith('NOSCRIPT') === true;
}

function isConnectionFailure(error: unknown): boolean {
  const { code, message, errors } = Object(error) as { code?: string; message?: string; errors?: unknown };
  if (code !== undefined && NETWORK_CODES.has(code)) return true;
  if (Array.isArray(errors) && errors.some(isOutage)) return true;
  return IOREDIS_MESSAGES.some((beginning) => message?.startsWith(beginning));
}
