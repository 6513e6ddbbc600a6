import { type ComputationTicket, InvalidTicketError, type RedisCacheService } from 'nestjs-redis-cache';
import {
  type Completion,
  type CompletionRequest,
  type ExecutionContext,
  Executor,
  ExecutorError,
  WorkerPoolError,
} from 'nestjs-worker-pool';
import { isWhole, toStored, withContent, zeroed } from './stored-completion.js';

/** Data sent to the worker along with the request. */
export interface TaskContext {
  /** Permission to store the result under the request's cache key. */
  ticket: ComputationTicket;
}

/** The task context that carries `ticket`; `undefined` without a ticket. */
export function contextWith(ticket: ComputationTicket | null): TaskContext | undefined {
  return ticket === null ? undefined : { ticket };
}

/** The ticket in a task's context. The cache checks whether it is valid. */
function ticketIn(context: unknown): ComputationTicket | null {
  const { ticket = null } = Object(context) as Partial<TaskContext>;
  return ticket;
}

/**
 * Runs a request and, if the task carries a ticket, stores the result in the cache before the task ends: the process
 * that submitted the task may have died in the meantime, and a paid result must not be lost.
 */
export class TicketExecutor extends Executor {
  readonly name: string;

  constructor(
    private readonly executor: Executor,
    private readonly cache: RedisCacheService,
  ) {
    super();
    this.name = executor.name;
  }

  validate(request: CompletionRequest): void {
    this.executor.validate(request);
  }

  resolveModel(model?: string): string {
    return this.executor.resolveModel(model);
  }

  async execute(request: CompletionRequest, context: ExecutionContext): Promise<Completion> {
    const ticket = ticketIn(context.context);
    if (ticket === null) return this.executor.execute(request, context);
    let thrown: { error: unknown } | undefined;
    const compute = async (): Promise<Completion> => {
      try {
        return toStored(await this.executor.execute(request, context));
      } catch (error) {
        thrown = { error };
        throw this.#publicFailure(error);
      }
    };
    try {
      const options = { signal: context.signal, shouldCache: isWhole };
      const { value, status } = await this.cache.resume(ticket, compute, options);
      return withContent(status === 'hit' ? free(value) : value);
    } catch (error) {
      // The ticket comes from another release, during an update: return the result without storing it.
      if (error instanceof InvalidTicketError) return withContent(await compute());
      // The pool logs the stack of the executor's own error.
      throw thrown ? thrown.error : error;
    }
  }

  /** The cache shares failures by their message. That of a foreign error may quote the prompt. */
  #publicFailure(error: unknown): unknown {
    return error instanceof WorkerPoolError ? error : new ExecutorError(`the ${this.name} executor failed`);
  }

  override close(): Promise<void> {
    return this.executor.close();
  }
}

/** A completion that a task found in the cache: the task that computed it was paid for. */
function free(stored: Completion): Completion {
  return { ...stored, cost: 0, usage: zeroed(stored.usage) };
}
