import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { KnownRequests } from './known-requests.js';

/** The one spelling of the URL that has the lane; all others are served as usual. */
export const LANE_URL = '/v1/completions';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it came, where it may be remembered; else `null`. */
    bodyBytes: Buffer | null;
    /** The cache key of a body that is known; its `body` is not parsed then. Else empty. */
    knownKey: string;
  }
}

/** Leaves bodies that are known unparsed, and reads the others as usual. Has to run before the application starts. */
export function readBodies(app: NestFastifyApplication, known: KnownRequests, bodyLimit: number): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.decorateRequest('bodyBytes', null);
  fastify.decorateRequest('knownKey', '');
  const parse = fastify.getDefaultJsonParser('error', 'error');
  app.useBodyParser('application/json', { bodyLimit }, (raw, body, done) => {
    const request = raw as unknown as FastifyRequest;
    if (known.takes(body.length) && isForLane(request)) {
      request.bodyBytes = body;
      request.knownKey = known.keyOf(request.tenant.name, body) ?? '';
      if (request.knownKey !== '') return done(null, undefined);
    }
    return parse(request, body as unknown as string, done);
  });
}

/** The body of a request that is known after all. It was parsed before without an error. */
export function bodyOf({ bodyBytes }: FastifyRequest): unknown {
  return JSON.parse(bodyBytes!.toString());
}

/** Whether the request asks for nothing but an answer. */
function isForLane({ raw }: FastifyRequest): boolean {
  const { url, method, headers } = raw;
  return (
    url === LANE_URL &&
    method === 'POST' &&
    headers['cache-control'] === undefined &&
    headers.prefer === undefined
  );
}
