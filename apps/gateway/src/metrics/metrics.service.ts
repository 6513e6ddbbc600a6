import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { RedisCacheService } from 'nestjs-redis-cache';
import { WorkerPool } from 'nestjs-worker-pool';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { TenantQueues } from '../queue/tenant-queues.js';
import { CacheMetrics } from './cache-metrics.js';
import type { Collector } from './derived.js';
import { PoolMetrics } from './pool-metrics.js';
import { QueueMetrics } from './queue-metrics.js';
import { type AnswerTotals, RequestMetrics } from './request-metrics.js';

/** The metrics of this application, in a registry of its own. */
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

  /** Media type of what {@link read} answers. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  onModuleInit(): void {
    const { requestObservers } = this.host.httpAdapter.getInstance();
    requestObservers.push((end) => this.#requests.observe(end));
  }

  /** Answers of this process since its start. */
  answerTotals(): AnswerTotals {
    return this.#requests.totals;
  }

  /** All metrics as they are now, in Prometheus's text format. */
  async read(): Promise<string> {
    await Promise.all(this.#collectors.map((collector) => collector.collect()));
    return this.#registry.metrics();
  }
}
