import type { onRequestHookHandler } from 'fastify';

/** How long a browser may remember the response to a preflight, in seconds. */
const PREFLIGHT_SECONDS = 7_200;
const METHODS = 'GET, POST, DELETE';

/** Lets scripts of named origins call the API and read its responses (CORS). */
export interface Cors {
  /** Adds the headers to every response, and responds to preflights, which carry no key. */
  hook: onRequestHookHandler;
  /** The headers for a request with this `Origin`, as names and values in turn, for responses that are sent without hooks. */
  headersFor(origin: string | undefined): readonly string[];
}

const NO_HEADERS: readonly string[] = [];

/** Without origins, responses have no headers of CORS at all. */
const NO_CORS: Cors = { hook: (_request, _reply, done) => done(), headersFor: () => NO_HEADERS };

/**
 * Keys are sent in headers and never by the browser itself, so no credentials are allowed, and all headers of a response
 * may be read: `Cache-Status`, `request-id`, `Retry-After` and the others.
 */
export function corsFor(origins: readonly string[]): Cors {
  if (origins.length === 0) return NO_CORS;
  // Also without an allowed origin: a shared cache must not send such a response to a page that may read it.
  const others = ['Vary', 'Origin'];
  const allowed = new Map(
    origins.map((origin) => [
      origin,
      [...others, 'Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', '*'],
    ]),
  );
  const headersFor = (origin = ''): readonly string[] => allowed.get(origin) ?? others;
  return { headersFor, hook: corsHook(headersFor, (origin) => allowed.has(origin)) };
}

function corsHook(
  headersFor: Cors['headersFor'],
  isAllowed: (origin: string) => boolean,
): onRequestHookHandler {
  return ({ method, headers }, reply, done) => {
    const { origin, 'access-control-request-method': wanted } = headers;
    const given = headersFor(origin);
    for (let at = 0; at < given.length; at += 2) reply.header(given[at]!, given[at + 1]);
    const isPreflight = method === 'OPTIONS' && wanted !== undefined && origin !== undefined;
    if (!isPreflight || !isAllowed(origin)) return done();
    reply.header('Access-Control-Allow-Methods', METHODS).header('Access-Control-Max-Age', PREFLIGHT_SECONDS);
    const names = headers['access-control-request-headers'];
    if (names !== undefined) reply.header('Access-Control-Allow-Headers', names);
    void reply.status(204).send();
  };
}
