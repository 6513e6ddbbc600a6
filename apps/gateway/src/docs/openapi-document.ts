import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { publicFile } from '../page/static-files.js';
import { chatDocs } from './chat.docs.js';
import { completionDocs, tasksDocs } from './completion.docs.js';
import { describeRoutes } from './describe-routes.js';
import { messagesDocs } from './messages.docs.js';
import { modelsDocs } from './models.docs.js';
import { cacheDocs, operationsDocs } from './operations.docs.js';
import { queueDocs } from './queue.docs.js';
import { componentSchemas, type RouteDocs, TAGS } from './route-doc.js';

const ROUTES: RouteDocs = {
  ...completionDocs,
  ...tasksDocs,
  ...messagesDocs,
  ...chatDocs,
  ...modelsDocs,
  ...queueDocs,
  ...cacheDocs,
  ...operationsDocs,
};
const DESCRIPTION =
  'A caching gateway for Claude: the same request is paid for once. Without `API_KEYS` no key is needed. ' +
  'A `monitor` key may read `GET /metrics` and `GET /v1/cache/stats` and gets 403 elsewhere. ' +
  'Every route may also return 414 and 431, for URLs and headers above the limits, and 500.';

/**
 * Describes the API in OpenAPI 3.1, from the routes that Nest knows and the schemas that validate requests.
 *
 * @throws {UndescribedRouteError} a route has no description, or a description no route
 */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('nestjs-redis-cache gateway')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer' }, 'bearer')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-api-key' }, 'apiKey')
    .addSecurityRequirements('bearer')
    .addSecurityRequirements('apiKey');
  for (const [tag, description] of Object.entries(TAGS)) config.addTag(tag, description);
  const document = describeRoutes(SwaggerModule.createDocument(app, config.build()), ROUTES);
  return { ...document, components: { ...document.components, schemas: componentSchemas() as Schemas } };
}

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

const UI_FILES = new Set(['/swagger-ui.css', '/swagger-ui-bundle.js']);

/**
 * Serves the description of the API: `/docs` to read and try, `/docs-json` and `/docs-yaml` for tools. The page is our
 * own, because Nest's page needs inline scripts and styles.
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

// A dependency of @nestjs/swagger, so it is resolved from there.
function swaggerUiFolder(): string {
  const framework = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'));
  return dirname(framework.resolve('swagger-ui-dist/package.json'));
}
