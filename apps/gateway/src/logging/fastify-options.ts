import type { FastifyServerOptions } from 'fastify';
import type { Logger } from 'pino';
import { requestId } from './request-id.js';

// Fastify's own would log the URL, into which a client can put anything.
const NO_SERIALIZERS = { req: String, res: String };

/** Options of Fastify that have to do with logs: its own warnings and errors, and the id of each request. */
export function fastifyLogOptions(
  logger: Logger,
): Pick<FastifyServerOptions, 'loggerInstance' | 'childLoggerFactory' | 'genReqId'> {
  return {
    // Requests are told of by the access log.
    loggerInstance: logger.child({ context: 'Fastify' }, { level: 'warn', serializers: NO_SERIALIZERS }),
    // A logger of its own for each request would cost more than the line it writes.
    childLoggerFactory: (shared) => shared,
    genReqId: requestId,
  };
}
