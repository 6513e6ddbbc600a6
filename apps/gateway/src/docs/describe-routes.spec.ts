import { describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { describeRoutes, UndescribedRouteError } from './describe-routes.js';
import type { RouteDoc } from './route-doc.js';

const document = {
  paths: { '/eggs': { get: { operationId: 'eggs', responses: {} }, post: { responses: {} } } },
} as unknown as OpenAPIObject;
const doc: RouteDoc = { tag: 'Operations', summary: 'Eggs', responses: {} };

const describeWrong = (): unknown => describeRoutes(document, { 'GET /eggs': doc, 'GET /hens': doc });

describe('describeRoutes', () => {
  it('adds descriptions to routes', () => {
    const { paths } = describeRoutes(document, {
      'GET /eggs': { ...doc, isPublic: true },
      'POST /eggs': doc,
    });
    expect(paths['/eggs']?.get).toMatchObject({ operationId: 'eggs', summary: 'Eggs', security: [] });
    expect(paths['/eggs']?.post).not.toHaveProperty('security');
  });

  it('refuses routes without a description and descriptions without a route', () => {
    expect(describeWrong).toThrow(UndescribedRouteError);
    expect(describeWrong).toThrow(/: POST \/eggs, GET \/hens$/);
  });
});
