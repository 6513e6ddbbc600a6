import type { OpenAPIObject } from '@nestjs/swagger';
import type { RouteDoc, RouteDocs } from './route-doc.js';

/** A route has no description, or a description has no route. */
export class UndescribedRouteError extends Error {
  constructor(readonly routes: string[]) {
    super(`Routes without a description, or descriptions without a route: ${routes.join(', ')}`);
    this.name = 'UndescribedRouteError';
  }
}

/**
 * Adds the descriptions to the routes that Nest has found.
 *
 * @throws {UndescribedRouteError} a route has no description, or a description no route
 */
export function describeRoutes(document: OpenAPIObject, docs: RouteDocs): OpenAPIObject {
  const left = new Set(Object.keys(docs));
  const missing: string[] = [];
  const paths = mapOperations(document.paths, (route, operation) => {
    const doc = docs[route];
    if (!left.delete(route) || doc === undefined) missing.push(route);
    return doc === undefined ? operation : { ...operation, ...described(doc) };
  });
  if (missing.length > 0 || left.size > 0) throw new UndescribedRouteError([...missing, ...left]);
  return { ...document, paths };
}

type Paths = OpenAPIObject['paths'];
type Operation = NonNullable<Paths[string]['get']>;

function mapOperations(paths: Paths, map: (route: string, operation: Operation) => Operation): Paths {
  return Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations as Record<string, Operation>).map(([method, operation]) => [
          method,
          map(`${method.toUpperCase()} ${path}`, operation),
        ]),
      ),
    ]),
  );
}

function described({ tag, body, isPublic, parameters = [], ...doc }: RouteDoc): Partial<Operation> {
  return {
    ...doc,
    tags: [tag],
    parameters,
    requestBody: body,
    ...(isPublic ? { security: [] } : {}),
  };
}
