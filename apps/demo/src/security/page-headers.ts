import type { FastifyHelmetOptions } from '@fastify/helmet';

const DIRECTIVES = {
  defaultSrc: ["'self'"],
  // Charts and icons may be data.
  imgSrc: ["'self'", 'data:'],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
  objectSrc: ["'none'"],
};

/** Headers of every response: scripts, styles and connections of our own origin only, and no frames. */
export const pageHeaders: FastifyHelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: DIRECTIVES },
  // It is for whoever ends TLS to promise it, for its whole host name.
  strictTransportSecurity: false,
};
