import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { RedisCacheService } from 'nestjs-redis-cache';
import { AppModule } from './app.module.js';
import { banner } from './banner.js';
import { demoConfig, type DemoConfig } from './config/demo-config.js';
import { readDemoEnv } from './config/demo-env.js';

async function main(): Promise<void> {
  const { MAX_BODY_BYTES: bodyLimit } = readDemoEnv(process.env);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter({ bodyLimit }), {
    abortOnError: false,
    logger: ['log', 'warn', 'error', 'fatal'],
  });
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  const config = app.get<DemoConfig>(demoConfig.KEY);
  await app.listen(config.PORT, config.HOST);
  process.stdout.write(banner(await app.getUrl(), config, app.get(RedisCacheService).getStatus()));
}

main().catch((error: unknown) => {
  process.stderr.write(`The demo did not start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
