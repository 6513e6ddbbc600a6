import type { IncomingHttpHeaders } from 'node:http';
import type { onRequestHookHandler } from 'fastify';
import { ProblemError } from '../http/problem.js';
import { isSafe } from '../http/server-options.js';

const FOREIGN_ORIGIN = new ProblemError(
  403,
  'A page of another site may not send this request. Without API keys the gateway serves its own pages, and programs.',
  { code: 'ERR_FOREIGN_ORIGIN' },
);

/** Whether a request with these headers may change something, as far as the page is concerned that sent it. */
export type OriginCheck = (headers: IncomingHttpHeaders) => boolean;

/**
 * Refuses requests that pages of other sites send from a visitor's browser. For a form or a beacon a browser asks nobody's
 * permission, so where no key is needed, any page could spend money (cross-site request forgery). Browsers say where a
 * request comes from in `Origin` and `Sec-Fetch-Site` (Fetch Metadata); a request without them comes from a program.
 *
 * @param added origins that are not refused, such as `https://app.example`
 */
export function originCheck(added: readonly string[]): OriginCheck {
  return ({ origin, host, 'sec-fetch-site': site }) => {
    if (origin === undefined) return site !== 'cross-site';
    return isOwn(origin, host) || added.includes(origin);
  };
}

/** Creates a hook that refuses what pages of other sites send with 403. */
export function refuseOtherOrigins(isAllowed: OriginCheck): onRequestHookHandler {
  return ({ method, headers }, _reply, done) =>
    done(isSafe(method) || isAllowed(headers) ? undefined : FOREIGN_ORIGIN);
}

// The scheme is not compared: behind a proxy that terminates TLS, it is not the one that the browser knows.
function isOwn(origin: string, host: string | undefined): boolean {
  return host !== undefined && origin.slice(origin.indexOf('://') + '://'.length) === host;
}
