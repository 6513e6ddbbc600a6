import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { type GatewayConfig, gatewayConfig, readGatewayConfig } from './config/gateway-config.js';
import { useDocs } from './docs/openapi-document.js';
import { allowBodilessDelete, serverOptions } from './http/server-options.js';
import { useLane } from './fast-path/use-lane.js';
import { createLoggers, isForPerson, fastifyLogOptions } from './observability/logging/create-loggers.js';
import { PinoNestLogger } from './observability/logging/pino-nest-logger.js';
import { useLogs } from './observability/logging/access-log.js';
import { useAssets } from './page/static-files.js';
import { assertProtected } from './security/exposure.js';
import { protect } from './security/protect.js';

/** An application that is ready to listen, and its settings. */
export interface GatewayApp {
  app: NestFastifyApplication;
  config: GatewayConfig;
}

/**
 * The API: its modules on Fastify, and around them what concerns every route.
 *
 * @throws {InvalidEnvError} naming the first wrong variable
 * @throws {UnprotectedHostError} others could reach it, and would need no key
 */
export async function createApp(): Promise<GatewayApp> {
  const env = readGatewayConfig(process.env);
  assertProtected(env);
  const pretty = isForPerson(process.env, process.stdout.isTTY);
  const logs = await createLoggers({ level: env.LOG_LEVEL, pretty });
  const adapter = new FastifyAdapter({ ...serverOptions(env), ...fastifyLogOptions(logs.general) });
  useLogs(adapter.getInstance(), logs);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, {
    abortOnError: false,
    logger: new PinoNestLogger(logs.general),
  });
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  useLane(app, await protect(app));
  allowBodilessDelete(adapter.getInstance());
  useAssets(app);
  useDocs(app);
  return { app, config: app.get<GatewayConfig>(gatewayConfig.KEY) };
}
