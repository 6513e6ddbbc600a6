import type { QueueStats, RedisCacheService } from 'nestjs-redis-cache';
import type { Registry } from 'prom-client';
import { type Collector, type Derived, derivedGauges, type Update } from './derived.js';

const GAUGES: Derived<QueueStats>[] = [
  {
    name: 'gateway_queue_depth',
    help: 'Requests in the queue, of all processes: waiting, held by a consumer, failed for good',
    label: 'state',
    read: {
      waiting: (queue) => queue.waiting,
      reserved: (queue) => queue.reserved,
      dead: (queue) => queue.dead,
    },
  },
  {
    name: 'gateway_queue_oldest_age_seconds',
    help: 'How long the oldest request that waits has waited; 0 when none does',
    read: ({ oldestAgeSeconds }) => oldestAgeSeconds ?? 0,
  },
];

/** What the request queue holds. A gap while Redis is away, since nothing is known then. */
export class QueueMetrics implements Collector {
  readonly #updateGauges: Update<QueueStats>;

  constructor(
    private readonly cache: RedisCacheService,
    registry: Registry,
  ) {
    this.#updateGauges = derivedGauges(registry, GAUGES);
  }

  async collect(): Promise<void> {
    const stats = await this.cache.getQueueStats();
    this.#updateGauges(this.cache.getStatus().phase === 'serving' ? stats : null);
  }
}
