import type { IncomingHttpHeaders } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RedisCacheService } from 'nestjs-redis-cache';
import { demoConfig, type DemoConfig } from '../config/demo-config.js';
import { isLoopback } from './exposure.js';
import { admitEveryone, checkKeys, type TenantHook } from './key-check.js';
import { type CountCall, countNothing, createLimits, type FailureLimit } from './limits/create-limits.js';
import { pageHeaders } from './page-headers.js';
import { presentedKey } from './presented-key.js';
import { markPublic } from './public-urls.js';
import { ANONYMOUS, type Tenant } from './tenant.js';
import { limitUrl } from './url-limit.js';

/** What holds for every request, for whoever answers in front of the routes and their hooks. */
export interface Gate {
  /** Who asks, by the headers alone; `undefined` where they do not say that it may pass. */
  identify(headers: IncomingHttpHeaders): Tenant | undefined;
  countCall: CountCall;
  /** What every response of data carries, names and values in turn. */
  readonly headers: readonly string[];
}

/** Puts in front of all routes what keeps strangers out. Has to run before any route is registered. */
export async function protect(app: NestFastifyApplication): Promise<Gate> {
  const config = app.get<DemoConfig>(demoConfig.KEY);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.decorateRequest('tenant');
  fastify.addHook('onRoute', markPublic);
  const { hook, ofData } = await pageHeaders();
  fastify.addHook('onRequest', hook);
  const limits = await createLimits(fastify, app.get(RedisCacheService), config);
  fastify.addHook('onRequest', limitUrl(config.MAX_URL_LENGTH));
  fastify.addHook('onRequest', admission(config, limits.failures));
  const isLimited = !servesThisMachineOnly(config);
  if (isLimited) fastify.addHook('onRequest', limits.calls);
  return {
    identify: identification(config),
    countCall: isLimited ? limits.countCall : countNothing,
    headers: Object.entries(ofData).flatMap(([name, value]) => [name, String(value)]),
  };
}

function admission({ API_KEYS: keys }: DemoConfig, failures: FailureLimit): TenantHook {
  return keys === undefined ? admitEveryone : checkKeys(keys, failures);
}

function identification(config: DemoConfig): Gate['identify'] {
  const { API_KEYS: keys } = config;
  if (keys !== undefined) {
    return (headers) => {
      const key = presentedKey(headers);
      return key === undefined ? undefined : keys.find(key);
    };
  }
  // Where addresses are limited, it takes more than headers to know one.
  return servesThisMachineOnly(config) ? () => ANONYMOUS : () => undefined;
}

/** Whether every caller is exempt from the limit, so that there is no need to look at each. */
function servesThisMachineOnly({ API_KEYS: keys, HOST, TRUST_PROXY: proxies }: DemoConfig): boolean {
  return keys === undefined && proxies === undefined && isLoopback(HOST);
}
