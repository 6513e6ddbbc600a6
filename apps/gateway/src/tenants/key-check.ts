import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyContextConfig, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { ApiKeys } from '../config/api-keys.js';
import { ProblemError } from '../http/problem.js';
import { ANONYMOUS, GUEST, type Tenant } from './tenant.js';

const BEARER = /^bearer +/i;
const REALM = 'Bearer realm="nestjs-redis-cache"';
const NO_KEY = new ProblemError(401, 'An API key is required: send Authorization: Bearer, or x-api-key.', {
  code: 'ERR_NO_API_KEY',
});
const WRONG_KEY = new ProblemError(401, 'The API key is not valid.', { code: 'ERR_WRONG_API_KEY' });
const NOT_ADMIN = new ProblemError(403, 'This requires the API key of an administrator.', {
  code: 'ERR_NOT_ADMIN',
});
const MONITOR_ONLY = new ProblemError(403, 'This API key may read /metrics and /v1/cache/stats only.', {
  code: 'ERR_MONITOR_ONLY',
});

/** Sets `request.tenant`, or refuses the request, before its body is read. */
export type TenantHook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void | Promise<never>;

/** Counts a request without a valid key; resolves to the seconds its address has to wait, or 0. */
export type CountFailure = (request: FastifyRequest) => Promise<number>;

/** Without keys all requests have the same tenant, which may do everything. */
export const admitEveryone: TenantHook = (request, _reply, done) => {
  request.tenant = ANONYMOUS;
  done();
};

/**
 * Creates a hook that identifies the tenant by its API key.
 *
 * - Without a valid key: 401, also if there is no such route, so that strangers do not learn which routes exist
 * - With a key that does not suffice: 403
 * - Too many failures of one address: 429. A valid key is never refused because of them, since clients may share an address
 * - Public routes are served to everyone, whatever key they present
 */
export function checkKeys(keys: ApiKeys, countFailure: CountFailure): TenantHook {
  return (request, reply, done) => {
    const { config } = request.routeOptions;
    if (config?.isPublic) {
      request.tenant = GUEST;
      return done();
    }
    const key = presentedKey(request.headers);
    const tenant = tenantOf(keys, key);
    if (tenant === undefined) return refuse(request, reply, key === undefined, countFailure);
    request.tenant = tenant;
    done(refusalOf(tenant, config));
  };
}

/** Identifies the tenant of a completion by the headers alone; `undefined` if it may not request one. */
export function identifyByKey(keys: ApiKeys, headers: IncomingHttpHeaders): Tenant | undefined {
  const tenant = tenantOf(keys, presentedKey(headers));
  return tenant?.monitor ? undefined : tenant;
}

/**
 * The key that a request presents: `x-api-key`, or else `Authorization: Bearer`. A proxy may use `Authorization` for its
 * own purposes, so `x-api-key` takes precedence.
 */
function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const own = headers['x-api-key'];
  if (typeof own === 'string') return own;
  const { authorization } = headers;
  if (authorization === undefined || !BEARER.test(authorization)) return undefined;
  return authorization.replace(BEARER, '').trim();
}

function tenantOf(keys: ApiKeys, key: string | undefined): Tenant | undefined {
  return key === undefined ? undefined : keys.find(key);
}

function refusalOf(tenant: Tenant, config: FastifyContextConfig | undefined): ProblemError | undefined {
  if (tenant.monitor) return config?.isMonitored ? undefined : MONITOR_ONLY;
  return config?.needsAdmin && !tenant.admin ? NOT_ADMIN : undefined;
}

async function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  isMissing: boolean,
  countFailure: CountFailure,
): Promise<never> {
  const waitSeconds = await countFailure(request);
  if (waitSeconds > 0) throw tooManyFailures(waitSeconds);
  reply.header('WWW-Authenticate', isMissing ? REALM : `${REALM}, error="invalid_token"`);
  throw isMissing ? NO_KEY : WRONG_KEY;
}

function tooManyFailures(waitSeconds: number): ProblemError {
  const detail = 'There were too many requests without a valid API key in the last minute.';
  return new ProblemError(429, detail, { code: 'ERR_TOO_MANY_FAILED_KEYS' }, waitSeconds);
}
