import type { RequestQueue } from 'nestjs-redis-cache';
import { z } from 'zod';
import { ProblemError } from '../http/problem.js';
import type { Tenant } from '../tenants/tenant.js';
import type { TenantQueues } from './tenant-queues.js';

/** Whose queue is asked for; default: that of the caller's own tenant. */
export const whose = { tenant: z.string().optional() };

/** The query of a route that is about one queue. */
export const whoseQueue = z.strictObject(whose);
export type WhoseQueue = z.output<typeof whoseQueue>;

const NO_TENANT = new ProblemError(404, 'There is no such tenant, or its queue is none of yours.', {
  code: 'ERR_TENANT_NOT_FOUND',
});

/**
 * The queue that a caller asks for: its own tenant's, or for an administrator any.
 *
 * @throws {ProblemError} 404 for another tenant's, and where there is no such tenant
 */
export function askedQueue(
  queues: TenantQueues,
  { name, admin }: Tenant,
  { tenant = name }: WhoseQueue,
): RequestQueue {
  const queue = tenant === name || admin ? queues.get(tenant) : undefined;
  if (queue === undefined) throw NO_TENANT;
  return queue;
}
