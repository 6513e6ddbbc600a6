import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { componentSchemas } from './api-schemas.js';
import { describeRoutes } from './describe-routes.js';
import { type RouteDocs, TAGS } from './route-doc.js';
import { cacheDocs } from './cache.docs.js';
import { completionDocs } from './completion.docs.js';
import { messagesDocs } from './messages.docs.js';
import { operationsDocs } from './operations.docs.js';
import { queueDocs } from './queue.docs.js';
import { tasksDocs } from './tasks.docs.js';

const ROUTES: RouteDocs = {
  ...completionDocs,
  ...tasksDocs,
  ...messagesDocs,
  ...queueDocs,
  ...cacheDocs,
  ...operationsDocs,
};
const DESCRIPTION =
  'A caching gateway for Claude: the same question is paid for once. Without `API_KEYS` no key is needed. ' +
  'A key marked `monitor` is served by `GET /metrics` and `GET /v1/cache/stats` only, and gets 403 elsewhere. ' +
  'Every route may also answer 414 and 431, for URLs and headers above the limits, and 500.';

/**
 * Describes the API in OpenAPI 3.1: the routes as the framework knows them, the schemas as they check requests.
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
