import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { demoConfig, type DemoConfig } from './config/demo-config.js';
import { readDemoEnv } from './config/demo-env.js';
import { assertProtected } from './security/exposure.js';
import { protect } from './security/protect.js';

/** An application that is ready to listen, and its settings. */
export interface DemoApp {
  app: NestFastifyApplication;
  config: DemoConfig;
}

/**
 * The API: its modules on Fastify, and around them what concerns every route.
 *
 * @throws {InvalidEnvError} naming the first wrong variable
 * @throws {UnprotectedHostError} others could reach it, and would need no key
 */
export async function createApp(): Promise<DemoApp> {
  const env = readDemoEnv(process.env);
  assertProtected(env);
  const adapter = new FastifyAdapter({ bodyLimit: env.MAX_BODY_BYTES });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, {
    abortOnError: false,
    logger: ['log', 'warn', 'error', 'fatal'],
  });
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  protect(app);
  return { app, config: app.get<DemoConfig>(demoConfig.KEY) };
}
