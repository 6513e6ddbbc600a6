import { Injectable, Logger } from '@nestjs/common';
import { type ComputationTicket, RedisCacheService } from 'nestjs-redis-cache';
import { type Completion, WorkerPool } from 'nestjs-worker-pool';
import { toCompletion } from '../pool/stored-completion.js';
import { contextWith } from '../pool/ticket-executor.js';
import { SavingsService } from '../savings/savings.service.js';
import { CallOptions, type CompletionAnswer, type CompletionCall, policyOf } from './completion-call.js';
import { CompletionsService } from './completions.service.js';

/** A stored answer, or the task that computes it. */
export type BegunCompletion =
  | { answer: CompletionAnswer }
  | {
      taskId: string;
      /** Resolves when the task has ended, or its end can no longer be learnt. */
      ended: Promise<void>;
    };

/** Starts completions for which no client waits. Their answers are cached, too. */
@Injectable()
export class BackgroundCompletionsService {
  readonly #logger = new Logger(BackgroundCompletionsService.name);

  constructor(
    private readonly completions: CompletionsService,
    private readonly cache: RedisCacheService,
    private readonly pool: WorkerPool,
    private readonly savings: SavingsService,
  ) {}

  /**
   * Returns the stored answer if the call accepts it; otherwise a task, which is an existing one if it computes the
   * same. The task continues when clients leave.
   *
   * @throws what `CompletionsService.complete` throws before it computes
   */
  async begin(call: CompletionCall): Promise<BegunCompletion> {
    if (!policyOf(call).allowsComputing) return { answer: await this.completions.complete(call) };
    const key = await this.completions.keyOf(call);
    const { ttlSeconds, tags } = new CallOptions(call);
    // Before the look-up: the task then finds what was stored after it, even if that was before the task was submitted.
    const ticket = this.cache.ticketFor(key, { ttlSeconds, tags });
    const answer = await this.completions.stored(call, key);
    return answer === null ? this.#submit(call, key, ticket) : { answer };
  }

  async #submit(call: CompletionCall, key: string, ticket: ComputationTicket): Promise<BegunCompletion> {
    const { request } = call;
    if (policyOf(call).action === 'bypass') {
      const taskId = await this.pool.submit(request);
      return { taskId, ended: this.#end(taskId) };
    }
    const context = contextWith(ticket);
    const taskId = await this.pool.submit(request, { deduplicationKey: key, context });
    return { taskId, ended: this.#store(call, key, taskId) };
  }

  async #end(taskId: string): Promise<void> {
    await this.pool.getResult(taskId).catch(() => {});
  }

  /**
   * Stores the result of a task that was joined: it may have no ticket, or the ticket of a waiter that has left since.
   * A task with a valid ticket stores its result itself, even if this process ends.
   */
  async #store(call: CompletionCall, key: string, taskId: string): Promise<void> {
    try {
      const result = await this.pool.getResult(taskId);
      if (result.status !== 'completed') return;
      const completion = toCompletion(result);
      this.savings.countSpending(call.tenant, completion, taskId);
      await this.cache.getOrSetEntry<Completion>(
        key,
        () => completion,
        new CallOptions({ ...call, signal: undefined }),
      );
    } catch (error) {
      this.#logger.debug(`The result of task ${taskId} was not received: ${(error as Error).message}`);
    }
  }
}
