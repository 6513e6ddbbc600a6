import type { FastifyContextConfig, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { ProblemError } from '../http/problem.js';
import type { ApiKeys } from '../config/api-keys.js';
import type { FailureLimit } from '../limits/create-limits.js';
import { presentedKey } from './presented-key.js';
import { ANONYMOUS, GUEST, type Tenant } from './tenant.js';

const REALM = 'Bearer realm="nestjs-redis-cache"';
const NO_KEY = new ProblemError(401, 'An API key is needed: Authorization: Bearer, or x-api-key.', {
  code: 'ERR_NO_API_KEY',
});
const WRONG_KEY = new ProblemError(401, 'The API key is not valid.', { code: 'ERR_WRONG_API_KEY' });
const NOT_ADMIN = new ProblemError(403, 'This needs the API key of an administrator.', {
  code: 'ERR_NOT_ADMIN',
});

const MONITOR_ONLY = new ProblemError(403, 'This API key may read /metrics and /v1/cache/stats only.', {
  code: 'ERR_MONITOR_ONLY',
});

/** Says who asks, before the body is read: `request.tenant`, or an error. */
export type TenantHook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void | Promise<never>;

/** Without keys everybody is the same tenant and may do everything. */
export const admitEveryone: TenantHook = (request, _reply, done) => {
  request.tenant = ANONYMOUS;
  done();
};

/**
 * A hook that lets requests pass which show one of the keys. Anything else is a 401, also where there is
 * no route, so that nobody without a key learns which there are; the wrong kind of key is a 403. An address
 * that fails too often is told to wait instead; a valid key is never refused for what others did, who may
 * share its address. Public routes are served to everyone, whatever they show.
 */
export function checkKeys(keys: ApiKeys, failures: FailureLimit): TenantHook {
  return (request, reply, done) => {
    const { config } = request.routeOptions;
    if (config?.isPublic) {
      request.tenant = GUEST;
      return done();
    }
    const key = presentedKey(request.headers);
    const tenant = key === undefined ? undefined : keys.find(key);
    if (tenant === undefined) return refuse(request, reply, key === undefined, failures);
    request.tenant = tenant;
    done(refusalOf(tenant, config));
  };
}

function refusalOf(tenant: Tenant, config: FastifyContextConfig | undefined): ProblemError | undefined {
  if (tenant.monitor) return config?.isMonitored ? undefined : MONITOR_ONLY;
  return config?.needsAdmin && !tenant.admin ? NOT_ADMIN : undefined;
}

async function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  missing: boolean,
  failures: FailureLimit,
): Promise<never> {
  const waitSeconds = await failures(request);
  if (waitSeconds > 0) throw tooManyFailures(waitSeconds);
  reply.header('WWW-Authenticate', missing ? REALM : `${REALM}, error="invalid_token"`);
  throw missing ? NO_KEY : WRONG_KEY;
}

function tooManyFailures(waitSeconds: number): ProblemError {
  const detail = 'There were too many requests without a valid API key in the last minute.';
  return new ProblemError(429, detail, { code: 'ERR_TOO_MANY_FAILED_KEYS' }, waitSeconds);
}
