import { Inject, Injectable, Module } from '@nestjs/common';
import { type QueueStats, RedisCacheService, type RequestQueue } from 'nestjs-redis-cache';
import { z } from 'zod';
import type { CompletionBody } from '../completions/completion-body.js';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { ProblemError } from '../http/problem.js';
import { ANONYMOUS_NAME, type Tenant } from '../tenants/tenant.js';

/** A queued request and its tenant. */
export interface QueuedCompletion {
  /** The tenant's name. */
  tenant: string;
  body: CompletionBody;
}

const EMPTY: QueueStats = { waiting: 0, reserved: 0, dead: 0, bytes: 0, oldestAgeSeconds: null };

/**
 * One queue per tenant, so that no tenant can fill, see or delay another's. The tenants are those of `API_KEYS`. Without
 * keys there is a single tenant, whose queue is the default queue of the cache.
 */
@Injectable()
export class TenantQueues implements Iterable<readonly [tenant: string, queue: RequestQueue]> {
  readonly #queues: ReadonlyMap<string, RequestQueue>;

  constructor(cache: RedisCacheService, @Inject(gatewayConfig.KEY) { API_KEYS: keys }: GatewayConfig) {
    this.#queues = new Map<string, RequestQueue>(
      keys === undefined
        ? [[ANONYMOUS_NAME, cache.queue()]]
        : keys.tenants.map((name) => [name, cache.queue(`${cache.queue().queueName}:${name}`)]),
    );
  }

  /** Returns the queue of a tenant, or `undefined` if there is no such tenant. */
  get(tenant: string): RequestQueue | undefined {
    return this.#queues.get(tenant);
  }

  [Symbol.iterator](): Iterator<readonly [tenant: string, queue: RequestQueue]> {
    return this.#queues.entries();
  }

  /** Returns the sums over all queues, and the age of the oldest request in any of them. */
  async stats(): Promise<QueueStats> {
    const all = await Promise.all(Array.from(this.#queues.values(), (queue) => queue.getQueueStats()));
    return all.reduce(sum, EMPTY);
  }

  /** Returns the statistics that a tenant may see: all queues for administrators, otherwise its own queue. */
  async statsFor({ name, admin }: Tenant): Promise<QueueStats> {
    return admin ? this.stats() : (this.get(name)?.getQueueStats() ?? EMPTY);
  }
}

function sum(one: QueueStats, other: QueueStats): QueueStats {
  const ages = [one.oldestAgeSeconds, other.oldestAgeSeconds].filter((age) => age !== null);
  return {
    waiting: one.waiting + other.waiting,
    reserved: one.reserved + other.reserved,
    dead: one.dead + other.dead,
    bytes: one.bytes + other.bytes,
    oldestAgeSeconds: ages.length > 0 ? Math.max(...ages) : null,
  };
}

/** The query of a route about one queue. `tenant` defaults to the caller's own tenant. */
export const queueQuery = z.strictObject({ tenant: z.string().optional() });
export type QueueQuery = z.output<typeof queueQuery>;

const NO_TENANT = new ProblemError(404, 'There is no such tenant, or your key may not access its queue.', {
  code: 'ERR_TENANT_NOT_FOUND',
});

/**
 * Returns the queue that a request is about. Administrators may name any tenant.
 *
 * @throws {ProblemError} 404 if the tenant does not exist or the caller may not access its queue
 */
export function requestedQueue(
  queues: TenantQueues,
  { name, admin }: Tenant,
  { tenant = name }: QueueQuery,
): RequestQueue {
  const queue = tenant === name || admin ? queues.get(tenant) : undefined;
  if (queue === undefined) throw NO_TENANT;
  return queue;
}

/** Shares the tenants' queues with the features that only read their statistics. */
@Module({ providers: [TenantQueues], exports: [TenantQueues] })
export class TenantQueuesModule {}
