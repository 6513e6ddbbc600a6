import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';

/** Headers that affect how a response is sent, not its content. */
const ALWAYS_COVERED = new Set(['accept-encoding', 'origin']);

/**
 * Whether a response with these headers may go to other requests: it sets no cookie, its `Cache-Control` and `Expires`
 * allow it, it is fresh, and its `Vary` names only headers that are in the key (RFC 9111 §3 and §4).
 *
 * @param keyHeaders names of the headers in the key, in lower case
 */
export function isShareable(headers: OutgoingHttpHeaders, keyHeaders: readonly string[]): boolean {
  if (headers['set-cookie'] !== undefined || !covers(keyHeaders, headers['vary'])) return false;
  return !forbidsSharing(headers['cache-control']) && freshSeconds(headers) > 0;
}

/**
 * How long a response stays fresh by its own headers, in seconds (RFC 9111 §4.2.1): `s-maxage`, else `max-age`, else
 * `Expires`, less its `Age`. `Infinity` if it says nothing. A value that is not understood counts as 0.
 */
export function freshSeconds(headers: OutgoingHttpHeaders, now = Date.now()): number {
  const directives = directivesOf(headers['cache-control']);
  const maxAge = directives.get('s-maxage') ?? directives.get('max-age');
  if (maxAge !== undefined) return secondsOf(maxAge) - secondsOf(textOf(headers['age']));
  const expires = headers['expires'];
  if (expires === undefined) return Infinity;
  const created = Date.parse(textOf(headers['date']));
  return Math.max(0, (Date.parse(textOf(expires)) - (created || now)) / 1000) || 0;
}

function forbidsSharing(cacheControl: OutgoingHttpHeader | undefined): boolean {
  const directives = directivesOf(cacheControl);
  return ['no-store', 'private', 'no-cache'].some((name) => directives.has(name));
}

function covers(keyHeaders: readonly string[], vary: OutgoingHttpHeader | undefined): boolean {
  return itemsOf(vary).every((name) => ALWAYS_COVERED.has(name) || keyHeaders.includes(name));
}

function directivesOf(cacheControl: OutgoingHttpHeader | undefined): Map<string, string> {
  return new Map(itemsOf(cacheControl).map(toDirective));
}

function toDirective(item: string): [name: string, argument: string] {
  const [name = '', argument = ''] = item.split('=', 2);
  return [name.trim(), argument.replaceAll('"', '').trim()];
}

function secondsOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : 0;
}

function itemsOf(header: OutgoingHttpHeader | undefined): string[] {
  return textOf(header)
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '');
}

function textOf(header: OutgoingHttpHeader | undefined): string {
  return header === undefined ? '' : String(header);
}
