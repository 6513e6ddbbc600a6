import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import type { onRequestHookHandler } from 'fastify';
import { ProblemError } from '../http/problem.js';

const NAME = /^[a-z0-9_](?:[a-z0-9._-]{0,253}[a-z0-9_.])?$/i;
const WITH_PORT = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/;
const MAX_PORT = 65_535;
const MAX_KNOWN_HEADERS = 100;
const MALFORMED = new ProblemError(400, 'The request must have one Host header of the form host[:port].', {
  code: 'ERR_INVALID_HOST',
});

/** Well-formed headers, of which a server sees few. */
const known = new Set<string>();

/**
 * Whether a request has a single `Host` header, which is a host with or without a port. With two values, or with user
 * information, the gateway and a proxy in front of it could disagree about the host. HTTP/1.0 needs none.
 */
export function hasProperHost({ headers: { host }, rawHeaders }: IncomingMessage): boolean {
  return (host === undefined || known.has(host) || isProper(host)) && !isRepeated(rawHeaders);
}

/** A hook that refuses requests without a proper host with 400. */
export const refuseImproperHosts: onRequestHookHandler = ({ raw }, _reply, done) =>
  done(hasProperHost(raw) ? undefined : MALFORMED);

function isProper(host: string): boolean {
  const [, name = '', port = '0'] = WITH_PORT.exec(host) ?? [];
  const isHost = name.startsWith('[') ? isIPv6(name.slice(1, -1)) && !name.includes('%') : NAME.test(name);
  if (!isHost || Number(port) > MAX_PORT) return false;
  if (known.size < MAX_KNOWN_HEADERS) known.add(host);
  return true;
}

/** Node keeps the first of several values. */
function isRepeated(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count > 1;
}
