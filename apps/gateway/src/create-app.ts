import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { refuseLegacyCompletions } from './chat/legacy-completions.js';
import { type GatewayConfig, gatewayConfig, readGatewayConfig } from './config/gateway-config.js';
import { readSecretFiles } from './config/secret-files.js';
import { useDocs } from './docs/openapi-document.js';
import { FastPath } from './fast-path/fast-path.js';
import { acceptJsonOnly } from './http/json-body.js';
import { allowBodilessDelete, refuseOtherTypes, serverOptions } from './http/server-options.js';
import { HttpServers } from './http/servers.js';
import { BodyBudget, limitBodies } from './limits/body-budget.js';
import { refuseUnknownRoutes } from './messages/unknown-routes.controller.js';
import { useLogs } from './observability/logging/access-log.js';
import { createLoggers, fastifyLogOptions, isForPerson } from './observability/logging/create-loggers.js';
import { PinoNestLogger } from './observability/logging/pino-nest-logger.js';
import { useAssets } from './page/static-files.js';
import { assertProtected } from './security/exposure.js';
import { protect } from './security/protect.js';

/** An application that is ready to listen. */
export interface GatewayApp {
  app: NestFastifyApplication;
  config: GatewayConfig;
  /** Listens on the configured host and port. */
  listen(): Promise<void>;
}

/**
 * Creates the API: its modules on Fastify, and the hooks of every route.
 *
 * @throws {InvalidEnvError} naming the first invalid variable
 * @throws {UnprotectedHostError} other machines could reach it without a key
 */
export async function createApp(): Promise<GatewayApp> {
  readSecretFiles(process.env);
  const env = readGatewayConfig(process.env);
  assertProtected(env);
  const pretty = isForPerson(process.env, process.stdout.isTTY);
  const logs = await createLoggers({ level: env.LOG_LEVEL, pretty });
  const servers = new HttpServers(env);
  const options = {
    ...serverOptions(env),
    ...fastifyLogOptions(logs.general),
    serverFactory: servers.factory,
  };
  const adapter = new FastifyAdapter(options);
  const fastify = adapter.getInstance();
  useLogs(fastify, logs);
  acceptJsonOnly(fastify);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, {
    abortOnError: false,
    // See `acceptJsonOnly`.
    bodyParser: false,
    logger: new PinoNestLogger(logs.general),
  });
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  const gate = await protect(app);
  limitBodies(fastify, app.get(BodyBudget));
  servers.intercept = app.get(FastPath).interceptor(gate, fastify.requestObservers);
  allowBodilessDelete(fastify);
  refuseUnknownRoutes(fastify);
  refuseLegacyCompletions(fastify);
  fastify.addHook('onRequest', refuseOtherTypes);
  useAssets(app);
  useDocs(app);
  const config = app.get<GatewayConfig>(gatewayConfig.KEY);
  return { app, config, listen: () => servers.listen(app) };
}
