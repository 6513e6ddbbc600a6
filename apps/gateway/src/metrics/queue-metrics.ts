import type { QueueStats, RedisCacheService } from 'nestjs-redis-cache';
import type { Registry } from 'prom-client';
import type { TenantQueues } from '../queue/tenant-queues.js';
import { type Collector, type Derived, derivedGauges, type Update } from './derived.js';

const GAUGES: Derived<QueueStats>[] = [
  {
    name: 'gateway_queue_depth',
    help: 'Requests in the queues of all tenants, of all processes: waiting, held by a consumer, failed for good',
    label: 'state',
    read: {
      waiting: (queue) => queue.waiting,
      reserved: (queue) => queue.reserved,
      dead: (queue) => queue.dead,
    },
  },
  {
    name: 'gateway_queue_oldest_age_seconds',
    help: 'How long the oldest request that waits in any queue has waited; 0 when none does',
    read: ({ oldestAgeSeconds }) => oldestAgeSeconds ?? 0,
  },
];

/** What the request queues hold, all together. A gap while Redis is away, since nothing is known then. */
export class QueueMetrics implements Collector {
  readonly #updateGauges: Update<QueueStats>;

  constructor(
    private readonly cache: RedisCacheService,
    private readonly queues: TenantQueues,
    registry: Registry,
  ) {
    this.#updateGauges = derivedGauges(registry, GAUGES);
  }

  async collect(): Promise<void> {
    const stats = await this.queues.stats();
    this.#updateGauges(this.cache.getStatus().phase === 'serving' ? stats : null);
  }
}
