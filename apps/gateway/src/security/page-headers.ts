import type { OutgoingHttpHeaders } from 'node:http';
import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { onRequestHookHandler } from 'fastify';

const DIRECTIVES = {
  defaultSrc: ["'self'"],
  // Charts and icons may be data.
  imgSrc: ["'self'", 'data:'],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
  objectSrc: ["'none'"],
};

/** For pages: scripts, styles and connections of our own origin only, and no frames. */
const PAGE: FastifyHelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: DIRECTIVES },
  // Only the proxy that terminates TLS can promise it for its host name.
  strictTransportSecurity: false,
};

/** For data, which no browser displays: it may neither run, load, frame nor sniff anything. */
const DATA: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  frameguard: { action: 'deny' },
  strictTransportSecurity: false,
  // These concern pages only.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  dnsPrefetchControl: false,
  ieNoOpen: false,
  permittedCrossDomainPolicies: false,
  xssFilter: false,
};

/** The page, its files, and the description of the API. */
const PAGE_URL = /^\/($|\?|assets\/|docs($|[/?]))/;

/** Headers that restrict what a browser does with a response. */
export interface PageHeaders {
  /** Adds them to every response. */
  hook: onRequestHookHandler;
  /** The headers of data, for responses that are sent without hooks. */
  ofData: OutgoingHttpHeaders;
}

export async function pageHeaders(): Promise<PageHeaders> {
  const [page, data] = [await helmetHeaders(PAGE), await helmetHeaders(DATA)];
  const hook: onRequestHookHandler = (request, reply, done) => {
    reply.headers(PAGE_URL.test(request.raw.url!) ? page : data);
    done();
  };
  return { hook, ofData: data };
}

// Computed once: for each response it would take as long as the rest of a hit.
async function helmetHeaders(options: FastifyHelmetOptions): Promise<OutgoingHttpHeaders> {
  let headers: OutgoingHttpHeaders = {};
  const once = new FastifyAdapter().getInstance();
  await once.register(helmet, options);
  once.get('/', (_request, reply) => {
    headers = { ...reply.raw.getHeaders() };
    return reply.send();
  });
  await once.inject('/');
  await once.close();
  return headers;
}
