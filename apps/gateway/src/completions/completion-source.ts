import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { FactoryContext } from 'nestjs-redis-cache';
import {
  type Completion,
  type CompletionEvent,
  type TaskResult,
  type TaskStream,
  TaskStreamInterruptedError,
  TaskStreamTooLargeError,
  WorkerPool,
} from 'nestjs-worker-pool';
import { toCompletion } from '../pool/stored-completion.js';
import { contextWith } from '../pool/ticket-executor.js';
import { SavingsService } from '../savings/savings.service.js';
import { type CompletionCall, policyOf, responseIn } from './completion-call.js';
import { type CompletionGap, type CompletionPiece, endOf, gapOf, replayPieces } from './completion-pieces.js';
import { INTERNAL_ERROR } from '../http/problem.js';
import { toProblemError } from '../http/problem-details.filter.js';
import { TaskFailedError } from './errors.js';

/** Executors that take milliseconds, so that nobody could read a completion before it is there. */
const QUICK: ReadonlySet<string> = new Set(['offline']);

/** Computes completions in the pool. */
@Injectable()
export class CompletionSource {
  readonly #logger = new Logger(CompletionSource.name);

  constructor(
    private readonly pool: WorkerPool,
    private readonly savings: SavingsService,
  ) {}

  /**
   * Whether a completion is computed in pieces, even if nobody reads them yet: who asks for the same later can then read
   * it live. Publishing the pieces takes about 10 ms of each computation, which is too much for a quick executor.
   */
  get isPiecewise(): boolean {
    return !QUICK.has(this.pool.executorName);
  }

  /**
   * Yields the events of a completion as they come, and last the completion itself.
   *
   * @throws only errors whose message may be stored, and sent to clients of other processes as well
   */
  async *pieces(call: CompletionCall, key: string, context: FactoryContext): AsyncGenerator<CompletionPiece> {
    try {
      yield* this.#pieces(call, key, context);
    } catch (error) {
      throw this.#publicFailure(error, context);
    }
  }

  /** @throws only errors whose message may be stored, as {@link pieces} */
  async whole(call: CompletionCall, key: string, context: FactoryContext): Promise<Completion> {
    try {
      return this.#completionOf(call, await this.pool.run(call.request, optionsOf(call, key, context)));
    } catch (error) {
      throw this.#publicFailure(error, context);
    }
  }

  async *#pieces(
    call: CompletionCall,
    key: string,
    context: FactoryContext,
  ): AsyncGenerator<CompletionPiece> {
    if (call.isLarge) await nextTurn();
    const task = await this.pool.stream(call.request, optionsOf(call, key, context));
    let isStreamed = false;
    for await (const piece of eventsOf(task)) {
      const response = responseIn(piece);
      if (response !== undefined) {
        call.onResponse?.(response);
        continue;
      }
      isStreamed = true;
      yield piece;
    }
    const completion = this.#completionOf(call, await task.result());
    if (isStreamed) yield endOf(completion);
    else yield* replayPieces(completion);
  }

  /** An unexpected error is logged here, because its message must not reach Redis, where failures are shared. */
  #publicFailure(error: unknown, { signal }: FactoryContext): unknown {
    if (signal.aborted || toProblemError(error) !== null) return error;
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    this.#logger.error(`Computing a completion failed: ${message}`, stack);
    return INTERNAL_ERROR;
  }

  #completionOf({ tenant }: CompletionCall, result: TaskResult): Completion {
    if (result.status !== 'completed') throw new TaskFailedError(result);
    const completion = toCompletion(result);
    this.savings.countSpending(tenant, completion, result.taskId);
    return completion;
  }
}

// With the ticket the result is stored before the task ends: equal requests join the task, and later ones hit.
function optionsOf(call: CompletionCall, key: string, { signal, ticket }: FactoryContext) {
  // A request that must not be stored is shared by nobody.
  const deduplicationKey = policyOf(call).action === 'bypass' ? undefined : key;
  return { signal, deduplicationKey, context: contextWith(ticket) };
}

/** The events of a task. Whoever waits for the whole completion gets it, even if some of its events are lost. */
async function* eventsOf(task: TaskStream): AsyncGenerator<CompletionEvent | CompletionGap> {
  try {
    yield* task;
  } catch (error) {
    const isIncomplete =
      error instanceof TaskStreamInterruptedError || error instanceof TaskStreamTooLargeError;
    if (!isIncomplete) throw error;
    yield gapOf(error);
  }
}
