import type { onRequestHookHandler } from 'fastify';
import { ProblemError } from '../http/problem.js';
import { isLoopback } from './exposure.js';

const BRACKETS = /^\[|\]$/g;
/** How many spellings are remembered. */
const MAX_KNOWN = 100;
const WRONG_HOST = new ProblemError(
  421,
  'This server is for programs of its own machine, and that is not a name of it. ALLOWED_HOSTS may add one.',
  { code: 'ERR_WRONG_HOST' },
);

/** Whether a `Host` header has one of the server's names. */
export type HostCheck = (host: string | undefined) => boolean;

/**
 * Lets names of this machine pass, and those that are added. Without it, any web site could have its own name
 * resolved to this machine, and then ask as if it were a page of ours (DNS rebinding). A request without a
 * `Host` does not come from a browser.
 */
export function hostCheck(added: readonly string[]): HostCheck {
  const known = new Set<string>();
  return (host) => {
    if (host === undefined || known.has(host)) return true;
    const name = nameOf(host);
    if (!isOwnName(name) && !added.includes(name)) return false;
    if (known.size < MAX_KNOWN) known.add(host);
    return true;
  };
}

/** A hook that answers 421 to requests for another host. */
export function refuseOtherHosts(isAllowed: HostCheck): onRequestHookHandler {
  return (request, _reply, done) => done(isAllowed(request.headers.host) ? undefined : WRONG_HOST);
}

function isOwnName(name: string): boolean {
  return name.endsWith('.localhost') || isLoopback(name);
}

/** In lower case, without port and brackets; empty for what is no host. */
function nameOf(host: string): string {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname.replaceAll(BRACKETS, '') : '';
}
