import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { extendRouteConfig } from '../http/route-config.js';
import type { Tenant } from './tenant.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Served without a key. */
    isPublic?: boolean;
    /** Served to keys of administrators only. */
    needsAdmin?: boolean;
    /** Served to keys of monitors as well. */
    isMonitored?: boolean;
  }
}

/** A route that everybody may call, also where keys are set. For what holds no data of any tenant. */
export const Public = (): MethodDecorator => extendRouteConfig({ isPublic: true });

/** A route that only keys of administrators may call; others get 403. Without keys everybody may. */
export const AdminOnly = (): MethodDecorator => extendRouteConfig({ needsAdmin: true });

/** A route that shows numbers: the only kind that keys of monitors may call, whoever else may. */
export const Monitored = (): MethodDecorator => extendRouteConfig({ isMonitored: true });

/**
 * Who asks, as a parameter of a handler.
 *
 * @example
 * create(@CurrentTenant() tenant: Tenant) {}
 */
export const CurrentTenant = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Tenant =>
    context.switchToHttp().getRequest<FastifyRequest>().tenant,
);
