import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ResponseState } from './recorded-response.js';

/** How long a response can still be sent, in milliseconds, after its client has left. */
const CLOSED_GRACE_MS = 5_000;

export interface SendingOptions {
  /** Headers that are determined when the response is sent, after everything else has set its own. */
  lateHeaders: Record<string, (sent: OutgoingHttpHeaders | null) => string>;
  /** The response ends when this has settled. */
  endAfter: Promise<unknown>;
}

/**
 * Resolves with the headers of a response when they are sent: session and cookie middleware sets its headers only then.
 * `null` if the response is not a success, or is never sent. Resolves also if the client has left, because the headers
 * of a response do not depend on that.
 *
 * Replaces `writeHead` and `end` of the response, as such middleware does.
 */
export function headersWhenSent(
  state: ResponseState,
  { lateHeaders, endAfter }: SendingOptions,
): Promise<OutgoingHttpHeaders | null> {
  const response = rawOf(state);
  if (response.headersSent) return Promise.resolve(sentHeaders(state));
  return new Promise((resolve) => {
    const late = Object.entries(lateHeaders).map(
      ([name, value]) => [name, { toString: () => value(sentHeaders(state)) }] as const,
    );
    watchHead(response, late, () => resolve(sentHeaders(state)));
    delayEnd(response, endAfter);
    onClose(response, () => setTimeout(() => resolve(null), CLOSED_GRACE_MS).unref());
  });
}

function rawOf(state: ResponseState): ServerResponse {
  return 'raw' in state ? (state.raw as ServerResponse) : (state as unknown as ServerResponse);
}

function sentHeaders(state: ResponseState): OutgoingHttpHeaders | null {
  return state.statusCode === 200 || state.statusCode === 304 ? state.getHeaders() : null;
}

type LateHeader = readonly [name: string, value: { toString(): string }];
type Method = (this: ServerResponse, ...args: unknown[]) => ServerResponse;

// The original comes first: middleware that replaced it before sets its headers in it.
function watchHead(response: ServerResponse, late: LateHeader[], sent: () => void): void {
  const writeHead = response.writeHead as Method;
  response.writeHead = function (this: ServerResponse, ...args: unknown[]): ServerResponse {
    const result = writeHead.apply(this, withLate(this, args, late));
    sent();
    return result;
  } as typeof response.writeHead;
}

/**
 * Adds the late headers: Node stores an object as it is and converts it to text when it writes the headers, which is
 * after the last middleware has set its own. Headers in the arguments replace those of the response.
 */
function withLate(response: ServerResponse, args: unknown[], late: LateHeader[]): unknown[] {
  const given = args.at(-1);
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) {
    return [...args.slice(0, -1), { ...given, ...Object.fromEntries(late) }];
  }
  for (const [name, value] of late) response.setHeader(name, value as unknown as string);
  return args;
}

// A client that has its response finds it in the cache. For a client that has left Node writes no headers by itself.
function delayEnd(response: ServerResponse, endAfter: Promise<unknown>): void {
  const end = response.end as Method;
  response.end = function (this: ServerResponse, ...args: unknown[]): ServerResponse {
    if (!this.headersSent) this.writeHead(this.statusCode);
    const finish = (): void => void end.apply(this, args);
    endAfter.then(finish, finish);
    return this;
  } as typeof response.end;
}

function onClose(response: ServerResponse, listener: () => void): void {
  const unlessSent = (): void => {
    if (!response.headersSent) listener();
  };
  if (response.destroyed) unlessSent();
  else response.once('close', unlessSent);
}
