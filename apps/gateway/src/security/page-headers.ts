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
  // It is for whoever ends TLS to promise it, for its whole host name.
  strictTransportSecurity: false,
};

/** For data, which a browser has nothing to do with: it may neither run, load, frame nor guess anything. */
const DATA: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  frameguard: { action: 'deny' },
  strictTransportSecurity: false,
  // These say how a page treats other pages, and old browsers a page.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  dnsPrefetchControl: false,
  ieNoOpen: false,
  permittedCrossDomainPolicies: false,
  xssFilter: false,
};

/** The page itself, its files, and the description of the API. */
const PAGE_URL = /^\/($|\?|assets\/|docs($|[/?]))/;

/** What keeps a browser from doing much with a response. */
export interface PageHeaders {
  /** Gives them to every response. */
  hook: onRequestHookHandler;
  /** Those of data, for what is answered in front of the routes. */
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

// Asked once: for each response anew it would take as long as everything else about a hit.
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
