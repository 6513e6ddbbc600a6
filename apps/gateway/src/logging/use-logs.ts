import type { FastifyInstance } from 'fastify';
import { watchRequests } from '../http/request-end.js';
import { accessLog } from './access-log.js';
import type { GatewayLoggers } from './create-loggers.js';
import { echoRequestId } from './request-id.js';

/** Request ids and the access log. Has to come before whatever may refuse a request. */
export function useLogs(fastify: FastifyInstance, logs: GatewayLoggers): void {
  echoRequestId(fastify);
  watchRequests(fastify);
  fastify.requestObservers.push(accessLog(logs.access));
}
