import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyContextConfig, FastifyRequest } from 'fastify';
import { problem, PROBLEM_CONTENT_TYPE, type ProblemError } from './problem.js';

const configs = new WeakMap<object, FastifyContextConfig>();

/**
 * Adds to what is told about a route, which hooks read as `request.routeOptions.config`. Unlike
 * `@RouteConfig()`, of which only one counts, several of these add up.
 */
export function extendRouteConfig(more: FastifyContextConfig): MethodDecorator {
  return (target, name, descriptor) => {
    const handler = descriptor.value as object;
    const config = { ...configs.get(handler), ...more };
    configs.set(handler, config);
    RouteConfig(config)(target, name, descriptor);
  };
}

/** An error as it leaves: its media type and its body, which is sent as JSON. */
export interface ShapedError {
  contentType: string;
  body: object;
  /** Default: that of the error. */
  status?: number;
  /** Headers beside those of the error. */
  headers?: Record<string, string>;
}

/** Gives an error the form that the clients of a route expect. */
export type ErrorShape = (error: ProblemError, request: Pick<FastifyRequest, 'id' | 'url'>) => ShapedError;

declare module 'fastify' {
  interface FastifyContextConfig {
    errorShape?: ErrorShape;
  }
}

/** Problem details, RFC 9457: the form of every error of a route that asks for no other. */
export const problemShape: ErrorShape = ({ status, message, more }, { url }) => ({
  contentType: PROBLEM_CONTENT_TYPE,
  body: problem(status, message, { ...more, instance: url }),
});

/**
 * The form of all errors of a route: also of those that are met before its handler runs, such as a missing
 * key, too many requests, or a body that is no JSON.
 *
 * @example
 * @Post()
 * @WithErrorShape((error) => ({ contentType: 'application/json', body: { error: error.message } }))
 * create() {}
 */
export const WithErrorShape = (errorShape: ErrorShape): MethodDecorator => extendRouteConfig({ errorShape });
