import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RedisCacheService } from 'nestjs-redis-cache';
import { demoConfig, type DemoConfig } from '../config/demo-config.js';
import { isLoopback } from './exposure.js';
import { admitEveryone, checkKeys, type TenantHook } from './key-check.js';
import { createLimits, type FailureLimit } from './limits/create-limits.js';
import { pageHeaders } from './page-headers.js';
import { markPublic } from './public-urls.js';
import { limitUrl } from './url-limit.js';

/** Puts in front of all routes what keeps strangers out. Has to run before any route is registered. */
export async function protect(app: NestFastifyApplication): Promise<void> {
  const config = app.get<DemoConfig>(demoConfig.KEY);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.decorateRequest('tenant');
  fastify.addHook('onRoute', markPublic);
  fastify.addHook('onRequest', await pageHeaders());
  const limits = await createLimits(fastify, app.get(RedisCacheService), config);
  fastify.addHook('onRequest', limitUrl(config.MAX_URL_LENGTH));
  fastify.addHook('onRequest', admission(config, limits.failures));
  if (!servesThisMachineOnly(config)) fastify.addHook('onRequest', limits.calls);
}

function admission({ API_KEYS: keys }: DemoConfig, failures: FailureLimit): TenantHook {
  return keys === undefined ? admitEveryone : checkKeys(keys, failures);
}

/** Whether every caller is exempt from the limit, so that there is no need to look at each. */
function servesThisMachineOnly({ API_KEYS: keys, HOST, TRUST_PROXY: proxies }: DemoConfig): boolean {
  return keys === undefined && proxies === undefined && isLoopback(HOST);
}
