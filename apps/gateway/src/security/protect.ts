import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { onRequestHookHandler, RouteOptions } from 'fastify';
import { RedisCacheService } from 'nestjs-redis-cache';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { isLoopback } from '../http/addresses.js';
import { limitUrl } from '../http/server-options.js';
import { countNothing, type RequestLimits, requestLimits } from '../limits/request-limits.js';
import { admitEveryone, checkKeys, identifyByKey } from '../tenants/key-check.js';
import { ANONYMOUS, type Tenant } from '../tenants/tenant.js';
import { corsFor } from './cors.js';
import { hostCheck, refuseOtherHosts } from './host-check.js';
import { hasProperHost, refuseImproperHosts } from './host-form.js';
import { originCheck, refuseOtherOrigins } from './origin-check.js';
import { pageHeaders } from './page-headers.js';

/**
 * Routes of plugins, which cannot have a decorator: the page's files and the API's description. Compared with a route's
 * pattern, not with a request's URL, so that no spelling of a URL bypasses it.
 */
const PUBLIC_ROUTES = /^\/(assets|docs|docs-json|docs-yaml)(\/|$)/;

/** The checks of every request, for responses that are sent without Fastify's hooks. */
export interface Gate {
  /** The tenant according to the headers; `undefined` if the hooks have to decide. */
  identify(request: IncomingMessage): Tenant | undefined;
  count: RequestLimits['count'];
  /** Headers for a request of a page with this origin. */
  corsHeaders(origin: string | undefined): readonly string[];
  /** Headers of every response with data, as names and values in turn. */
  readonly headers: readonly string[];
}

/** Adds the hooks that check every request. Must be called before any route is registered. */
export async function protect(app: NestFastifyApplication): Promise<Gate> {
  const config = app.get<GatewayConfig>(gatewayConfig.KEY);
  const fastify = app.getHttpAdapter().getInstance();
  const { hook, ofData } = await pageHeaders();
  const { hooks, count, identify } = admission(
    config,
    requestLimits(app.get(RedisCacheService).sharedCounters, config),
  );
  const cors = corsFor(config.CORS_ORIGINS);
  fastify.decorateRequest('tenant');
  fastify.addHook('onRoute', markPublic);
  for (const one of [hook, cors.hook, refuseImproperHosts, limitUrl(config.MAX_URL_LENGTH), ...hooks])
    fastify.addHook('onRequest', one);
  return {
    count,
    identify: (request) => (hasProperHost(request) ? identify(request.headers) : undefined),
    corsHeaders: cors.headersFor,
    headers: Object.entries(ofData).flatMap(([name, value]) => [name, String(value)]),
  };
}

/** Who is admitted and how often, for the hooks and for the gate. */
interface Admission extends Pick<Gate, 'count'> {
  hooks: onRequestHookHandler[];
  identify(headers: IncomingHttpHeaders): Tenant | undefined;
}

function admission(config: GatewayConfig, { hook, count, countFailure }: RequestLimits): Admission {
  const { API_KEYS: keys, ALLOWED_HOSTS: hosts, CORS_ORIGINS: origins, HOST } = config;
  if (keys !== undefined) {
    const identify = (headers: IncomingHttpHeaders) => identifyByKey(keys, headers);
    return { hooks: [checkKeys(keys, countFailure), hook], identify, count };
  }
  const isHostAllowed = isLoopback(HOST) ? hostCheck(hosts) : () => true;
  const isOriginAllowed = originCheck(origins);
  const isAllowed = (headers: IncomingHttpHeaders): boolean =>
    isHostAllowed(headers.host) && isOriginAllowed(headers);
  const hooks = [refuseOtherHosts(isHostAllowed), refuseOtherOrigins(isOriginAllowed), admitEveryone];
  // The limit of an address needs the address, which only Fastify knows behind a proxy.
  if (!servesThisMachineOnly(config)) return { hooks: [...hooks, hook], identify: () => undefined, count };
  return { hooks, identify: (headers) => (isAllowed(headers) ? ANONYMOUS : undefined), count: countNothing };
}

/** Whether every caller is exempt from the limit. */
function servesThisMachineOnly({ API_KEYS: keys, HOST, TRUST_PROXY: proxies }: GatewayConfig): boolean {
  return keys === undefined && proxies === undefined && isLoopback(HOST);
}

function markPublic(route: RouteOptions): void {
  if (PUBLIC_ROUTES.test(route.url)) route.config = { ...route.config, isPublic: true };
}
