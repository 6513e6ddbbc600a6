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

/** Scripts, styles and connections of our own origin only, and no frames. */
const OPTIONS: FastifyHelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: DIRECTIVES },
  // It is for whoever ends TLS to promise it, for its whole host name.
  strictTransportSecurity: false,
};

/** A hook that gives every response what keeps a browser from doing much with it. */
export async function pageHeaders(): Promise<onRequestHookHandler> {
  const headers = await helmetHeaders();
  return (_request, reply, done) => {
    reply.headers(headers);
    done();
  };
}

// Asked once: for each response anew it would take as long as everything else about a hit.
async function helmetHeaders(): Promise<OutgoingHttpHeaders> {
  let headers: OutgoingHttpHeaders = {};
  const once = new FastifyAdapter().getInstance();
  await once.register(helmet, OPTIONS);
  once.get('/', (_request, reply) => {
    headers = { ...reply.raw.getHeaders() };
    return reply.send();
  });
  await once.inject('/');
  await once.close();
  return headers;
}
