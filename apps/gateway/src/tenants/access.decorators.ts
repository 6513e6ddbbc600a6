import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { extendRouteConfig } from '../http/route-config.js';
import type { Tenant } from './tenant.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Served without a key. */
    isPublic?: boolean;
    /** Served to administrators' keys only. */
    needsAdmin?: boolean;
    /** Served to monitors' keys, too. */
    isMonitored?: boolean;
  }
}

/** Serves the route to everyone, also if keys are set. For routes without data of a tenant. */
export const Public = (): MethodDecorator => extendRouteConfig({ isPublic: true });

/** Serves the route to administrators' keys only, 403 for others. Without keys everyone is an administrator. */
export const AdminOnly = (): MethodDecorator => extendRouteConfig({ needsAdmin: true });

/** Serves the route, which shows statistics, to monitors' keys, too. They may call no other route. */
export const Monitored = (): MethodDecorator => extendRouteConfig({ isMonitored: true });

/**
 * Injects the caller's tenant into a handler.
 *
 * @example
 * create(@CurrentTenant() tenant: Tenant) {}
 */
export const CurrentTenant = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Tenant =>
    context.switchToHttp().getRequest<FastifyRequest>().tenant,
);
