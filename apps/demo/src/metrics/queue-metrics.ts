import type { RedisCacheService } from 'nestjs-redis-cache';
import type { Registry } from 'prom-client';
import { type Collector, type Derived, derivedGauges, type Update } from './derived.js';

const GAUGES: Derived<{ length: number }>[] = [
  { name: 'gateway_queue_depth', help: 'Requests that wait in the queue', read: ({ length }) => length },
];

/** What waits in the request queue, of all processes. */
export class QueueMetrics implements Collector {
  readonly #updateGauges: Update<{ length: number }>;

  constructor(
    private readonly cache: RedisCacheService,
    registry: Registry,
  ) {
    this.#updateGauges = derivedGauges(registry, GAUGES);
  }

  async collect(): Promise<void> {
    this.#updateGauges({ length: await this.cache.getQueueLength() });
  }
}
