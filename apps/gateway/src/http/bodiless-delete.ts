import type { FastifyInstance } from 'fastify';

/**
 * Lets a DELETE without a body pass that says it has JSON: many clients say so of all they send, and nothing is no
 * JSON.
 */
export function allowBodilessDelete(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ raw }, _reply, done) => {
    const { method, headers } = raw;
    const isEmpty = headers['transfer-encoding'] === undefined && !(Number(headers['content-length']) > 0);
    if (method === 'DELETE' && isEmpty) delete headers['content-type'];
    done();
  });
}
