/** What is known of an error: some wrappers of ioredis keep only the text of the error inside. */
export interface Failure {
  name?: string;
  message?: string;
  code?: string;
}

/** Wrappers nest at most this deep. */
const MAX_DEPTH = 5;

/** ioredis keeps only the text of the error that ended its redirections. */
const LAST_REDIRECTION = /^Too many Cluster redirections\. Last error: (?:(?<name>\w+): )?(?<message>.*)$/s;
const LAST_SENTINEL = /^All sentinels are unreachable.* Last error: (?<message>.*)$/s;

const REPLY_CODE = /^[A-Z][A-Z0-9]+(?= )/;
const SYSTEM_CODE = /^(?:connect|read|write|getaddrinfo) (?<code>E[A-Z_]+)/;
/** Said of a Sentinel that accepted a connection. */
const SILENCE = /^no reply within /;

/** First word of an error reply, such as `OOM`. */
export function replyCode(message: string): string | undefined {
  return REPLY_CODE.exec(message)?.[0];
}

/**
 * Returns whether the server has replied with an error. By name, not by class: the user's client may come from another
 * copy of ioredis, and an error of the system is no `Error` of this realm inside a test runner.
 */
export function isReplyError(error: unknown): error is Error {
  return (error as Error | undefined)?.name === 'ReplyError';
}

/** Returns the error that ended the redirections of a command in a Cluster; `undefined` for any other error. */
export function redirectedFailure(error: unknown): Failure | undefined {
  const { message } = Object(error) as Failure;
  return typeof message === 'string' ? LAST_REDIRECTION.exec(message)?.groups : undefined;
}

/**
 * Returns the error inside its wrappers: of redirections in a Cluster, of all nodes or addresses that failed, of
 * Sentinels, of a discarded transaction. Of several errors a reply of a server says the most. An error that wraps none
 * is returned as it is.
 */
export function rootFailure(error: unknown, depth = 0): Failure {
  const roots = depth < MAX_DEPTH ? insideOf(error).map((inner) => rootFailure(inner, depth + 1)) : [];
  return roots.find(isReplyError) ?? roots[0] ?? (Object(error ?? {}) as Failure);
}

/**
 * Removes the arguments of commands from an error of ioredis and from the errors inside it: they are the user's data, and
 * an error is logged, reported and kept. Returns the error.
 */
export function withoutArguments<E>(error: E, depth = 0): E {
  const failed = Object(error) as { command?: { name?: unknown } };
  if (failed.command !== undefined) failed.command = { name: failed.command.name, args: [] } as object;
  if (depth < MAX_DEPTH) for (const inner of insideOf(error)) withoutArguments(inner, depth + 1);
  return error;
}

function insideOf(error: unknown): unknown[] {
  const { errors, previousErrors, lastNodeError } = Object(error) as Record<string, unknown>;
  for (const list of [errors, previousErrors]) if (Array.isArray(list)) return list;
  if (lastNodeError !== undefined && lastNodeError !== null) return [lastNodeError];
  const inner = redirectedFailure(error) ?? sentinelFailure(error);
  return inner === undefined ? [] : [inner];
}

function sentinelFailure(error: unknown): Failure | undefined {
  const { message: text } = Object(error) as Failure;
  const message = typeof text === 'string' ? LAST_SENTINEL.exec(text)?.groups?.['message'] : undefined;
  if (message === undefined) return undefined;
  if (replyCode(message) !== undefined) return { name: 'ReplyError', message };
  if (SILENCE.test(message)) return { code: 'TIMEOUT', message };
  return { name: 'Error', message, ...SYSTEM_CODE.exec(message)?.groups };
}
