import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { publicFile } from '../page/static-files.js';
import { openApiDocument } from './openapi-document.js';

const UI_FILES = new Set(['/swagger-ui.css', '/swagger-ui-bundle.js']);

/**
 * Serves the description of the API: `/docs` to read and try, `/docs-json` and `/docs-yaml` for tools. The page
 * is our own instead of the framework's, which needs inline scripts and styles.
 */
export function useDocs(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), { ui: false });
  const fastify = app.getHttpAdapter().getInstance();
  const page = publicFile('docs.html');
  fastify.get('/docs', (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
  void app.register(fastifyStatic, {
    root: swaggerUiFolder(),
    prefix: '/docs/ui/',
    decorateReply: false,
    allowedPath: (path) => UI_FILES.has(path),
  });
}

// The framework brings it, so it is looked for where the framework is.
function swaggerUiFolder(): string {
  const framework = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'));
  return dirname(framework.resolve('swagger-ui-dist/package.json'));
}
