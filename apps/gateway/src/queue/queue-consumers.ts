import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { ConsumerSlots, type RequestConsumer } from 'nestjs-redis-cache';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import type { QueuedCompletion } from './queued-completion.js';
import { QueuedCompletionHandler } from './queued-completion.handler.js';
import { TenantQueues } from './tenant-queues.js';

/**
 * Drains the queues of all tenants through the pool into the cache, `QUEUE_CONSUMERS` requests at a time, the tenants
 * in turn.
 */
@Injectable()
export class QueueConsumers
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #consumers: RequestConsumer<QueuedCompletion>[] = [];

  constructor(
    queues: TenantQueues,
    handler: QueuedCompletionHandler,
    @Inject(gatewayConfig.KEY) config: GatewayConfig,
  ) {
    if (config.QUEUE_CONSUMERS === 0) return;
    const options = {
      concurrency: config.QUEUE_CONSUMERS,
      slots: new ConsumerSlots(config.QUEUE_CONSUMERS),
      leaseSeconds: config.QUEUE_LEASE_SECONDS,
      // As long as the pool lets running work go on; see WorkDeadline.
      drainTimeoutMs: config.SHUTDOWN_GRACE_MS + config.SHUTDOWN_DRAIN_MS,
    };
    this.#consumers = Array.from(queues, ([tenant, queue]) =>
      queue.createConsumer({ ...options, handler: handler.of(tenant) }),
    );
  }

  onApplicationBootstrap(): void {
    for (const consumer of this.#consumers) consumer.start();
  }

  // Waiting here would hold up the rest of the shutdown, which has its own time to wait.
  beforeApplicationShutdown(): void {
    void this.#stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#stop();
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
  }
}
