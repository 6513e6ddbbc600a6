import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { readGatewayConfig } from './config/gateway-config.js';
import { readSecretFiles } from './config/secret-files.js';
import { assertSharedPool } from './pool/pool-options.js';
import { createLoggers, isForPerson } from './observability/logging/create-loggers.js';
import { PinoNestLogger } from './observability/logging/pino-nest-logger.js';
import { WorkerModule } from './worker.module.js';

async function main(): Promise<void> {
  readSecretFiles(process.env);
  const env = readGatewayConfig(process.env);
  assertSharedPool(env);
  const pretty = isForPerson(process.env, process.stdout.isTTY);
  const logs = await createLoggers({ level: env.LOG_LEVEL, pretty });
  const app = await NestFactory.createApplicationContext(WorkerModule, {
    abortOnError: false,
    logger: new PinoNestLogger(logs.general),
  });
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  process.stdout.write(
    `Working: ${env.WORKER_CONCURRENCY} tasks at a time, executor ${env.WORKER_EXECUTOR}\n`,
  );
}

main().catch((error: unknown) => {
  process.stderr.write(
    `The worker did not start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  // Open connections would otherwise keep the process running.
  process.exit(1);
});
