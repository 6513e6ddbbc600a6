import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { ProblemFilter } from './errors/problem.filter.js';

async function main(): Promise<void> {
  // Without Nest's body parser Fastify reads JSON only: no form of another web page can post to this API.
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
    bodyParser: false,
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter());
  app.enableShutdownHooks();
  await app.listen(process.env['PORT'] ?? 3000, process.env['HOST'] ?? '127.0.0.1');
  console.log(`Listening on ${await app.getUrl()}`);
}

function reasonOf(error: unknown): string {
  const { code, port } = Object(error) as NodeJS.ErrnoException & { port?: number };
  if (code !== 'EADDRINUSE' || port === undefined)
    return error instanceof Error ? error.message : String(error);
  return `another program listens on port ${port} (EADDRINUSE). Choose another port: PORT=${port + 1} npm run start:demo`;
}

main().catch((error: unknown) => {
  console.error(`The demo did not start: ${reasonOf(error)}`);
  process.exit(1);
});
