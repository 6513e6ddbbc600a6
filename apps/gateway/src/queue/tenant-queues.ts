import { Inject, Injectable } from '@nestjs/common';
import { type QueueStats, RedisCacheService, type RequestQueue } from 'nestjs-redis-cache';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { ANONYMOUS_NAME, type Tenant } from '../tenants/tenant.js';

const NOTHING: QueueStats = { waiting: 0, reserved: 0, dead: 0, oldestAgeSeconds: null };

/**
 * A queue for each tenant, so that none of them fills, sees or holds up another's. The tenants are those of
 * `API_KEYS`; without keys there is one, whose queue is the cache's own.
 */
@Injectable()
export class TenantQueues implements Iterable<readonly [tenant: string, queue: RequestQueue]> {
  readonly #queues: ReadonlyMap<string, RequestQueue>;

  constructor(cache: RedisCacheService, @Inject(gatewayConfig.KEY) { API_KEYS: keys }: GatewayConfig) {
    this.#queues = new Map<string, RequestQueue>(
      keys === undefined
        ? [[ANONYMOUS_NAME, cache]]
        : keys.tenants.map((name) => [name, cache.getQueue(`${cache.queueName}:${name}`)]),
    );
  }

  /** The queue of a tenant by its name; `undefined` where there is no such tenant. */
  get(tenant: string): RequestQueue | undefined {
    return this.#queues.get(tenant);
  }

  [Symbol.iterator](): Iterator<readonly [tenant: string, queue: RequestQueue]> {
    return this.#queues.entries();
  }

  /** What all queues hold together, and the age of the oldest request in any of them. */
  async stats(): Promise<QueueStats> {
    const all = await Promise.all(Array.from(this.#queues.values(), (queue) => queue.getQueueStats()));
    return all.reduce(together, NOTHING);
  }

  /** What the one who asks may see: administrators all queues together, others their own. */
  async statsFor({ name, admin }: Tenant): Promise<QueueStats> {
    return admin ? this.stats() : (this.get(name)?.getQueueStats() ?? NOTHING);
  }
}

function together(one: QueueStats, other: QueueStats): QueueStats {
  const ages = [one.oldestAgeSeconds, other.oldestAgeSeconds].filter((age) => age !== null);
  return {
    waiting: one.waiting + other.waiting,
    reserved: one.reserved + other.reserved,
    dead: one.dead + other.dead,
    oldestAgeSeconds: ages.length > 0 ? Math.max(...ages) : null,
  };
}
