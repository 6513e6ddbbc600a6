import { createHash } from 'node:crypto';

/** What tells a response to a request from that to another. */
export interface RequestIdentity {
  method: string;
  host: string;
  /** Path and query as they were sent. */
  url: string;
  /** The method of the controller that answers, and its version: one URL can have several. */
  handler: string;
}

const SHOWN_PATH_LENGTH = 200;

/**
 * The key of a request: its method and the beginning of its path in the clear, for those who look into
 * Redis; everything, the query in any order, as SHA-256, since a query may carry a secret.
 */
export function requestKey({ method, host, url, handler }: RequestIdentity): string {
  const [path = '', query = ''] = splitUrl(url);
  const digest = sha256(JSON.stringify([method, host, path, sortedQuery(query), handler]));
  return `${method} ${path.slice(0, SHOWN_PATH_LENGTH)} ${digest}`;
}

/** A key that holds for those who send these header values alone; their values are not recognisable in it. */
export function personalKey(key: string, values: readonly (string | undefined)[]): string {
  if (values.every((value) => value === undefined)) return key;
  return `${key} ${sha256(JSON.stringify(values.map((value) => value ?? null)))}`;
}

function splitUrl(url: string): [path: string, query: string] {
  const start = url.indexOf('?');
  return start === -1 ? [url, ''] : [url.slice(0, start), url.slice(start + 1)];
}

// By name only and stable: the order of the values of one name may mean something.
function sortedQuery(query: string): string[] {
  return query.split('&').toSorted(byName);
}

function byName(pair: string, other: string): number {
  const [name, otherName] = [pair.split('=', 1)[0]!, other.split('=', 1)[0]!];
  if (name === otherName) return 0;
  return name < otherName ? -1 : 1;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
