import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { RedisCacheService } from 'nestjs-redis-cache';
import { PoolSaturatedError } from 'nestjs-worker-pool';
import { toCompletionRequest } from '../completion/completion.schema.js';
import { CompletionService } from '../completion/completion.service.js';
import { demoConfig, type DemoConfig } from '../config/demo-config.js';
import type { QueuedCompletion } from './queued-completion.js';
import { WakeSignal } from './wake-signal.js';

/** Requests of other processes are noticed at the latest after this many milliseconds. */
const IDLE_POLL_MS = 1_000;

/**
 * Drains the request queue through the pool into the cache, a few requests at a time. A request is
 * taken for good when it is dequeued: what this process holds when it is killed is lost.
 */
@Injectable()
export class QueueConsumer
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #logger = new Logger(QueueConsumer.name);
  readonly #wake = new WakeSignal();
  #loops: Promise<void>[] = [];
  #stopping = false;

  constructor(
    private readonly cache: RedisCacheService,
    private readonly completions: CompletionService,
    @Inject(demoConfig.KEY) private readonly config: DemoConfig,
  ) {}

  /** A request was queued: look now. */
  wake(): void {
    this.#wake.notify();
  }

  onApplicationBootstrap(): void {
    this.#loops = Array.from({ length: this.config.QUEUE_CONSUMERS }, () => this.#consume());
  }

  beforeApplicationShutdown(): void {
    this.#stopping = true;
    this.#wake.close();
  }

  // Runs before the pool and the cache close: shared modules shut down after those that use them.
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.#loops);
  }

  async #consume(): Promise<void> {
    while (!this.#stopping) {
      const queued = await this.cache.dequeueRequest<QueuedCompletion>();
      if (queued === null) await this.#wake.wait(IDLE_POLL_MS);
      else await this.#handle(queued);
    }
  }

  async #handle(queued: QueuedCompletion): Promise<void> {
    try {
      const { tenant, body } = queued;
      await this.completions.complete({
        tenant,
        request: toCompletionRequest(body),
        ttlSeconds: body.ttl_seconds,
        tags: body.tags,
      });
    } catch (error) {
      if (error instanceof PoolSaturatedError) await this.#giveBack(queued, error.retryAfterMs);
      else this.#logger.warn(`A queued request failed: ${(error as Error).message}`);
    }
  }

  async #giveBack(queued: QueuedCompletion, waitMs: number): Promise<void> {
    if (!(await this.cache.queueRequest(queued)))
      this.#logger.warn('A queued request could not be given back');
    await this.#wake.wait(waitMs);
  }
}
