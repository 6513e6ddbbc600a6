import { Injectable, Logger } from '@nestjs/common';
import { RedisCacheService } from 'nestjs-redis-cache';
import { NO_DIRECTIVES } from 'nestjs-redis-cache/http';
import { type Completion, WorkerPool } from 'nestjs-worker-pool';
import { SavingsService } from '../savings/savings.service.js';
import { CallOptions, type CompletionAnswer, type CompletionOrder } from './completion-call.js';
import { CompletionService } from './completions.service.js';
import { contextWith } from '../pool/ticket-executor.js';
import { toCompletion } from '../pool/stored-completion.js';

/** An answer that is there already, or the task that computes it. */
export type BegunCompletion = { answer: CompletionAnswer } | { taskId: string };

/** Begins completions that nobody waits for. Their answers are cached all the same. */
@Injectable()
export class AsyncCompletionService {
  readonly #logger = new Logger(AsyncCompletionService.name);

  constructor(
    private readonly completions: CompletionService,
    private readonly cache: RedisCacheService,
    private readonly pool: WorkerPool,
    private readonly savings: SavingsService,
  ) {}

  /**
   * Answers with what is stored, if it will do, else with a task: one that computes the same already, or a new
   * one. Nobody's leaving cancels it.
   *
   * @throws what `CompletionService.complete` throws at once
   */
  async begin(order: CompletionOrder): Promise<BegunCompletion> {
    if ((order.directives ?? NO_DIRECTIVES).onlyIfCached)
      return { answer: await this.completions.complete(order) };
    const answer = await this.completions.stored(order);
    return answer === null ? { taskId: await this.#submit(order) } : { answer };
  }

  async #submit(order: CompletionOrder): Promise<string> {
    const { request, directives = NO_DIRECTIVES } = order;
    if (directives.noStore) return this.pool.submit(request);
    const key = this.completions.keyOf(order);
    const { ttlSeconds, tags } = new CallOptions(order);
    const context = contextWith(this.cache.ticketFor(key, { ttlSeconds, tags }));
    const taskId = await this.pool.submit(request, { deduplicationKey: key, context });
    void this.#keep(order, key, taskId);
    return taskId;
  }

  /**
   * The ticket stores the answer where it is computed, whatever becomes of this process. But a task that was
   * joined may have come without one, or with that of a waiter who has left since: then it is stored here.
   */
  async #keep(order: CompletionOrder, key: string, taskId: string): Promise<void> {
    try {
      const result = await this.pool.getResult(taskId);
      if (result.status !== 'completed') return;
      const completion = toCompletion(result);
      this.savings.countSpending(order.tenant, completion, taskId);
      await this.cache.getOrSetEntry<Completion>(
        key,
        () => completion,
        new CallOptions({ ...order, signal: undefined }),
      );
    } catch (error) {
      this.#logger.debug(`The end of a task was not heard of: ${(error as Error).message}`);
    }
  }
}
