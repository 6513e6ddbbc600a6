import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyContextConfig, FastifyRequest } from 'fastify';
import { problem, PROBLEM_CONTENT_TYPE, type ProblemError } from './problem.js';

const configs = new WeakMap<object, FastifyContextConfig>();

/**
 * Adds to a route's configuration, which hooks read as `request.routeOptions.config`. Several of these decorators add
 * up, unlike `@RouteConfig()`, of which only one takes effect.
 */
export function extendRouteConfig(more: FastifyContextConfig): MethodDecorator {
  return (target, name, descriptor) => {
    const handler = descriptor.value as object;
    const config = { ...configs.get(handler), ...more };
    configs.set(handler, config);
    RouteConfig(config)(target, name, descriptor);
  };
}

/** An error as it is sent: its media type, and its body, which is serialized as JSON. */
export interface ShapedError {
  contentType: string;
  body: object;
  /** Default: that of the error. */
  status?: number;
  /** Further headers. */
  headers?: Record<string, string>;
}

/** Converts an error to the form that the clients of a route expect. */
export type ErrorShape = (
  error: ProblemError,
  request: Pick<FastifyRequest, 'id' | 'url' | 'headers'>,
) => ShapedError;

declare module 'fastify' {
  interface FastifyContextConfig {
    errorShape?: ErrorShape;
  }
}

/** Problem details, RFC 9457: the form of errors on every route that does not define another. */
export const problemShape: ErrorShape = ({ status, message, more }, { url }) => ({
  contentType: PROBLEM_CONTENT_TYPE,
  body: problem(status, message, { ...more, instance: url }),
});

/**
 * Defines the form of all errors of a route, also of those that occur before its handler runs, such as a missing key,
 * too many requests, or invalid JSON.
 *
 * @example
 * @Post()
 * @WithErrorShape((error) => ({ contentType: 'application/json', body: { error: error.message } }))
 * create() {}
 */
export const WithErrorShape = (errorShape: ErrorShape): MethodDecorator => extendRouteConfig({ errorShape });
