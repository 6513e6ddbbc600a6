import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { ProblemError } from '../http/problem.js';
import type { ApiKeys } from './api-keys.js';
import { presentedKey } from './presented-key.js';
import { ANONYMOUS, GUEST } from './tenant.js';

const REALM = 'Bearer realm="nestjs-redis-cache"';
const NO_KEY = new ProblemError(401, 'An API key is needed: Authorization: Bearer, or x-api-key.', {
  code: 'ERR_NO_API_KEY',
});
const WRONG_KEY = new ProblemError(401, 'The API key is not valid.', { code: 'ERR_WRONG_API_KEY' });
const NOT_ADMIN = new ProblemError(403, 'This needs the API key of an administrator.', {
  code: 'ERR_NOT_ADMIN',
});

/** Says who asks, before the body is read: `request.tenant`, or an error. */
export type TenantHook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void;

/** Without keys everybody is the same tenant and may do everything. */
export const admitEveryone: TenantHook = (request, _reply, done) => {
  request.tenant = ANONYMOUS;
  done();
};

/**
 * A hook that lets requests pass which show one of the keys. Anything else is a 401, also where there is
 * no route, so that nobody without a key learns which there are; the wrong kind of key is a 403. Public
 * routes are served to everyone, whatever they show.
 */
export function checkKeys(keys: ApiKeys): TenantHook {
  return (request, reply, done) => {
    const { config } = request.routeOptions;
    if (config?.isPublic) {
      request.tenant = GUEST;
      return done();
    }
    const key = presentedKey(request.headers);
    const tenant = key === undefined ? undefined : keys.find(key);
    if (tenant === undefined) return done(unauthorized(reply, key === undefined));
    if (config?.needsAdmin && !tenant.admin) return done(NOT_ADMIN);
    request.tenant = tenant;
    done();
  };
}

function unauthorized(reply: FastifyReply, missing: boolean): ProblemError {
  reply.header('WWW-Authenticate', missing ? REALM : `${REALM}, error="invalid_token"`);
  return missing ? NO_KEY : WRONG_KEY;
}
