import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { onRequestHookHandler, RouteOptions } from 'fastify';
import { RedisCacheService } from 'nestjs-redis-cache';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { isLoopback } from './exposure.js';
import { type Gate, identifyByHost, identifyByKey, identifyNobody } from './gate.js';
import { hostCheck, refuseOtherHosts } from './host-check.js';
import { admitEveryone, checkKeys } from '../tenants/key-check.js';
import { countNothing, createLimits, type Limits } from '../limits/create-limits.js';
import { pageHeaders } from './page-headers.js';
import { limitUrl } from '../http/server-options.js';

/** Puts in front of all routes what keeps strangers out. Has to run before any route is registered. */
export async function protect(app: NestFastifyApplication): Promise<Gate> {
  const config = app.get<GatewayConfig>(gatewayConfig.KEY);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.decorateRequest('tenant');
  fastify.addHook('onRoute', markPublic);
  const { hook, ofData } = await pageHeaders();
  fastify.addHook('onRequest', hook);
  const limits = await createLimits(fastify, app.get(RedisCacheService), config);
  fastify.addHook('onRequest', limitUrl(config.MAX_URL_LENGTH));
  const { hooks, ...gate } = admission(config, limits);
  for (const one of hooks) fastify.addHook('onRequest', one);
  return { ...gate, headers: Object.entries(ofData).flatMap(([name, value]) => [name, String(value)]) };
}

/** Who is let in, and how often, in hooks and for the gate. */
interface Admission extends Omit<Gate, 'headers'> {
  hooks: onRequestHookHandler[];
}

function admission(config: GatewayConfig, { calls, countCall, failures }: Limits): Admission {
  const { API_KEYS: keys, ALLOWED_HOSTS: hosts, HOST } = config;
  if (keys !== undefined)
    return { hooks: [checkKeys(keys, failures), calls], identify: identifyByKey(keys), countCall };
  const isAllowed = isLoopback(HOST) ? hostCheck(hosts) : () => true;
  const hooks = [refuseOtherHosts(isAllowed), admitEveryone];
  if (!servesThisMachineOnly(config))
    return { hooks: [...hooks, calls], identify: identifyNobody, countCall };
  return { hooks, identify: identifyByHost(isAllowed), countCall: countNothing };
}

/** Whether every caller is exempt from the limit, so that there is no need to look at each. */
function servesThisMachineOnly({ API_KEYS: keys, HOST, TRUST_PROXY: proxies }: GatewayConfig): boolean {
  return keys === undefined && proxies === undefined && isLoopback(HOST);
}

/**
 * Routes of plugins, which no decorator can mark: the page's own files, and the API's description. Compared
 * with the pattern of a route, not with what a request asks for, so that no spelling of a URL gets past.
 */
const PUBLIC_URLS = /^\/(assets|docs|docs-json|docs-yaml)(\/|$)/;

/** Marks such a route as public when it is registered. */
export function markPublic(route: RouteOptions): void {
  if (PUBLIC_URLS.test(route.url)) route.config = { ...route.config, isPublic: true };
}
