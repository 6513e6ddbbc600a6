import type { IncomingHttpHeaders } from 'node:http';

const BEARER = /^bearer +/i;

/**
 * The key that a request shows: `x-api-key`, or else `Authorization: Bearer`. `x-api-key` comes first,
 * since a proxy before us may use `Authorization` for its own ends. `undefined` without one.
 */
export function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const own = headers['x-api-key'];
  if (typeof own === 'string') return own;
  const { authorization } = headers;
  if (authorization === undefined || !BEARER.test(authorization)) return undefined;
  return authorization.replace(BEARER, '').trim();
}
