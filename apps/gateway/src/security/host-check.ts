import type { onRequestHookHandler } from 'fastify';
import { isLoopback } from '../http/addresses.js';
import { ProblemError } from '../http/problem.js';

const BRACKETS = /^\[|\]$/g;
const MAX_KNOWN_HEADERS = 100;
const WRONG_HOST = new ProblemError(
  421,
  'The Host header is not a name of this machine. Add other names of the server to ALLOWED_HOSTS.',
  { code: 'ERR_WRONG_HOST' },
);

/** Whether a `Host` header has one of the server's names. */
export type HostCheck = (host: string | undefined) => boolean;

/**
 * Accepts names of this machine and those that are added. Otherwise any web site could resolve its own name to this
 * machine and send requests from the visitor's browser (DNS rebinding). A request without `Host` comes from no browser.
 */
export function hostCheck(added: readonly string[]): HostCheck {
  const known = new Set<string>();
  return (host) => {
    if (host === undefined || known.has(host)) return true;
    const name = nameOf(host);
    if (!isOwnName(name) && !added.includes(name)) return false;
    if (known.size < MAX_KNOWN_HEADERS) known.add(host);
    return true;
  };
}

/** Creates a hook that refuses requests for other hosts with 421. */
export function refuseOtherHosts(isAllowed: HostCheck): onRequestHookHandler {
  return (request, _reply, done) => done(isAllowed(request.headers.host) ? undefined : WRONG_HOST);
}

function isOwnName(name: string): boolean {
  return name.endsWith('.localhost') || isLoopback(name);
}

/** The name in lower case, without port and brackets; empty if it is not a host. */
function nameOf(host: string): string {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname.replaceAll(BRACKETS, '') : '';
}
