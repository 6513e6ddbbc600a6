import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyContextConfig } from 'fastify';

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
