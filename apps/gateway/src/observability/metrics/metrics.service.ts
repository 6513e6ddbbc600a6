import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { type QueueStats, RedisCacheService } from 'nestjs-redis-cache';
import { WorkerPool } from 'nestjs-worker-pool';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { TenantQueues } from '../../queue/tenant-queues.js';
import { CacheMetrics } from './cache-metrics.js';
import { type Collector, type Derived, derivedGauges, type Update } from './derived-metrics.js';
import { PoolMetrics } from './pool-metrics.js';
import { type AnswerTotals, RequestMetrics } from './request-metrics.js';

const QUEUE_GAUGES: Derived<QueueStats>[] = [
  {
    name: 'gateway_queue_depth',
    help: 'Requests in the queues of all tenants: waiting, reserved by a consumer, dead letters',
    label: 'state',
    read: {
      waiting: (queue) => queue.waiting,
      reserved: (queue) => queue.reserved,
      dead: (queue) => queue.dead,
    },
  },
  {
    name: 'gateway_queue_oldest_age_seconds',
    help: 'How long the oldest waiting request of all queues has been waiting; 0 if none is waiting',
    read: ({ oldestAgeSeconds }) => oldestAgeSeconds ?? 0,
  },
];

/** The request queues of all tenants together. A gap while Redis is unavailable, because the state is unknown then. */
class QueueMetrics implements Collector {
  readonly #updateGauges: Update<QueueStats>;

  constructor(
    private readonly cache: RedisCacheService,
    private readonly queues: TenantQueues,
    registry: Registry,
  ) {
    this.#updateGauges = derivedGauges(registry, QUEUE_GAUGES);
  }

  async collect(): Promise<void> {
    const stats = await this.queues.stats();
    this.#updateGauges(this.cache.getStatus().phase === 'serving' ? stats : null);
  }
}

/** The metrics of this process, in a registry of its own. */
@Injectable()
export class MetricsService implements OnModuleInit {
  readonly #registry = new Registry();
  readonly #collectors: Collector[];
  readonly #requests: RequestMetrics;

  constructor(
    cache: RedisCacheService,
    pool: WorkerPool,
    queues: TenantQueues,
    private readonly host: HttpAdapterHost<FastifyAdapter>,
  ) {
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new RequestMetrics(this.#registry);
    this.#collectors = [
      new CacheMetrics(cache, this.#registry),
      new PoolMetrics(pool, this.#registry),
      new QueueMetrics(cache, queues, this.#registry),
    ];
  }

  /** Media type of what {@link read} returns. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  onModuleInit(): void {
    const { requestObservers } = this.host.httpAdapter.getInstance();
    requestObservers.push((end) => this.#requests.observe(end));
  }

  /** Returns the completions sent by this process since its start. */
  answerTotals(): AnswerTotals {
    return this.#requests.totals;
  }

  /** Returns the current values of all metrics in Prometheus's text format. */
  async read(): Promise<string> {
    await Promise.all(this.#collectors.map((collector) => collector.collect()));
    return this.#registry.metrics();
  }
}
