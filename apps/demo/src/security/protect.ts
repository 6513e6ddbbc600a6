import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { demoConfig, type DemoConfig } from '../config/demo-config.js';
import { admitEveryone, checkKeys } from './key-check.js';
import { markPublic } from './public-urls.js';

/** Puts in front of all routes what keeps strangers out. Has to run before any route is registered. */
export function protect(app: NestFastifyApplication): void {
  const { API_KEYS: keys } = app.get<DemoConfig>(demoConfig.KEY);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.decorateRequest('tenant');
  fastify.addHook('onRoute', markPublic);
  fastify.addHook('onRequest', keys === undefined ? admitEveryone : checkKeys(keys));
}
