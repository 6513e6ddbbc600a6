import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { type QueueStats, RedisCacheService, type RedisCacheStatus } from 'nestjs-redis-cache';
import { type PoolStats, WorkerPool } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { MetricsService } from '../observability/metrics/metrics.service.js';
import type { AnswerTotals } from '../observability/metrics/request-metrics.js';
import { TenantQueues } from '../queue/tenant-queues.js';
import type { Tenant } from '../tenants/tenant.js';
import { inTime } from '../util/deadline.js';

const TICK_MS = 1_000;
/** Keeps the connection alive while nothing changes. */
const HEARTBEAT = ': beat\n\n';
/** A listener with more unread bytes gets no events until it reads. */
const MAX_UNREAD_BYTES = 64 * 1024;

/**
 * Sends snapshots to all listeners as Server-Sent Events: one timer and one snapshot per second for all of them, and
 * neither without listeners. If nothing has changed, it sends a heartbeat instead.
 */
export class LiveFeed {
  readonly #listeners = new Set<Readable>();
  #timer: NodeJS.Timeout | undefined;
  /** Listeners that missed an event because they did not read. */
  readonly #behind = new WeakSet<Readable>();
  #last = '';
  #taking = false;
  #closed = false;

  constructor(private readonly take: () => Promise<LiveSnapshot>) {}

  /** The number of listeners. */
  get size(): number {
    return this.#listeners.size;
  }

  /** Opens a stream of events that starts with the current state and continues until the client disconnects. */
  listen(): Readable {
    const listener = new Readable({ read: () => {}, highWaterMark: MAX_UNREAD_BYTES });
    if (this.#closed) listener.push(null);
    else this.#add(listener);
    return listener;
  }

  /** Ends one stream; its client may connect again. */
  end(listener: Readable): void {
    this.#remove(listener);
    listener.push(null);
  }

  /** Ends all streams. */
  close(): void {
    this.#closed = true;
    for (const listener of this.#listeners) listener.push(null);
    this.#listeners.clear();
    clearInterval(this.#timer);
  }

  #add(listener: Readable): void {
    this.#listeners.add(listener);
    listener.once('close', () => this.#remove(listener));
    void this.#greet(listener);
    this.#timer ??= setInterval(() => void this.#tick(), TICK_MS).unref();
  }

  #remove(listener: Readable): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #greet(listener: Readable): Promise<void> {
    const event = eventOf(await this.take());
    if (this.#listeners.has(listener)) listener.push(event);
  }

  async #tick(): Promise<void> {
    // The previous snapshot is still waiting for Redis.
    if (this.#taking) return this.#send(HEARTBEAT);
    this.#taking = true;
    const event = eventOf(await this.take());
    this.#taking = false;
    const hasChanged = event !== this.#last;
    this.#last = event;
    this.#send(hasChanged ? event : HEARTBEAT);
  }

  #send(text: string): void {
    for (const listener of this.#listeners) {
      if (listener.readableLength >= MAX_UNREAD_BYTES) this.#behind.add(listener);
      else listener.push(this.#behind.delete(listener) ? this.#last : text);
    }
  }
}

function eventOf(snapshot: LiveSnapshot): string {
  return `event: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`;
}

/** The state of this process that the page shows. All numbers but the queue's are sums over all tenants. */
export interface LiveSnapshot {
  cache: RedisCacheStatus;
  /** Completions sent by this process since its start. */
  answers: AnswerTotals;
  /** `null` if the pool did not report in time. */
  pool: PoolStats | null;
  /** The tenant's queue; for an administrator the sums over all queues. */
  queue: QueueStats;
  setup: { pool: string; executor: string };
}

/** Takes snapshots of this process. */
@Injectable()
export class LiveSnapshots {
  constructor(
    private readonly cache: RedisCacheService,
    private readonly pool: WorkerPool,
    private readonly queues: TenantQueues,
    private readonly metrics: MetricsService,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  /** Never rejects, and waits for Redis for about a second at most. */
  async take(tenant: Tenant): Promise<LiveSnapshot> {
    const [pool, queue] = await Promise.all([inTime(this.pool.stats()), this.queues.statsFor(tenant)]);
    return {
      cache: this.cache.getStatus(),
      answers: this.metrics.answerTotals(),
      pool,
      queue,
      setup: { pool: this.config.WORKER_POOL, executor: this.pool.executorName },
    };
  }
}
