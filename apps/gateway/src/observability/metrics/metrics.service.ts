import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { type QueueStats, RedisCacheService } from 'nestjs-redis-cache';
import { registerCacheMetrics } from 'nestjs-redis-cache/prometheus';
import { WorkerPool } from 'nestjs-worker-pool';
import { registerPoolMetrics } from 'nestjs-worker-pool/prometheus';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { BodyBudget } from '../../limits/body-budget.js';
import { TenantQueues } from '../../queue/tenant-queues.js';
import { SavingsService } from '../../savings/savings.service.js';
import { moneyCounters } from './money-metrics.js';
import { type AnswerTotals, RequestMetrics } from './request-metrics.js';

/** The metrics of this process, in a registry of its own. */
@Injectable()
export class MetricsService implements OnModuleInit {
  readonly #registry = new Registry();
  readonly #requests: RequestMetrics;

  constructor(
    cache: RedisCacheService,
    pool: WorkerPool,
    queues: TenantQueues,
    budget: BodyBudget,
    savings: SavingsService,
    private readonly host: HttpAdapterHost<FastifyAdapter>,
  ) {
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new RequestMetrics(this.#registry);
    registerCacheMetrics(cache, this.#registry);
    registerPoolMetrics(pool, this.#registry);
    for (const gauge of queueGauges(cache, queues)) this.#registry.registerMetric(gauge);
    this.#registry.registerMetric(bodiesGauge(budget));
    for (const counter of moneyCounters(() => savings.ownTotals())) this.#registry.registerMetric(counter);
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
  read(): Promise<string> {
    return this.#registry.metrics();
  }
}

function bodiesGauge(budget: BodyBudget): Gauge {
  return new Gauge({
    name: 'gateway_request_bodies_bytes',
    help: 'Bytes of the request bodies that this process holds',
    registers: [],
    collect() {
      this.set(budget.bytes);
    },
  });
}

/** The request queues of all tenants together. NaN while Redis is unavailable, because the state is unknown then. */
function queueGauges(cache: RedisCacheService, queues: TenantQueues): Gauge[] {
  const read = async (): Promise<QueueStats | null> => {
    const stats = await queues.stats();
    return cache.getStatus().phase === 'serving' ? stats : null;
  };
  // The gauges of one scrape are collected at the same time: they share one reading.
  let reading: Promise<QueueStats | null> | undefined;
  const current = (): Promise<QueueStats | null> => {
    reading ??= read().finally(() => (reading = undefined));
    return reading;
  };
  return [depthGauge(current), bytesGauge(current), ageGauge(current)];
}

function depthGauge(current: () => Promise<QueueStats | null>): Gauge {
  return new Gauge({
    name: 'gateway_queue_depth',
    help: 'Requests in the queues of all tenants: waiting, reserved by a consumer, dead letters',
    labelNames: ['state'],
    registers: [],
    async collect() {
      const stats = await current();
      for (const state of ['waiting', 'reserved', 'dead'] as const)
        this.set({ state }, stats === null ? Number.NaN : stats[state]);
    },
  });
}

function bytesGauge(current: () => Promise<QueueStats | null>): Gauge {
  return new Gauge({
    name: 'gateway_queue_bytes',
    help: 'Bytes of the waiting and reserved requests in the queues of all tenants',
    registers: [],
    async collect() {
      this.set((await current())?.bytes ?? Number.NaN);
    },
  });
}

function ageGauge(current: () => Promise<QueueStats | null>): Gauge {
  return new Gauge({
    name: 'gateway_queue_oldest_age_seconds',
    help: 'How long the oldest waiting request of all queues has been waiting; 0 if none is waiting',
    registers: [],
    async collect() {
      const stats = await current();
      this.set(stats === null ? Number.NaN : (stats.oldestAgeSeconds ?? 0));
    },
  });
}
