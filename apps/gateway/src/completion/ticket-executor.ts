import { InvalidTicketError, type RedisCacheService } from 'nestjs-redis-cache';
import { type Completion, type CompletionRequest, type ExecutionContext, Executor } from 'nestjs-worker-pool';
import { ticketIn } from './task-context.js';
import { isWhole, toStored, withContent } from './to-completion.js';

/**
 * Stores an answer before the task ends, where a ticket came with the task: whoever asked for it may have died
 * meanwhile, and what was paid for must not be lost.
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
    const answer = async (): Promise<Completion> => toStored(await this.executor.execute(request, context));
    try {
      const options = { signal: context.signal, shouldCache: isWhole };
      return withContent(await this.cache.resume(ticket, answer, options));
    } catch (error) {
      // That of another release, during an update: the answer is worth having all the same.
      if (error instanceof InvalidTicketError) return withContent(await answer());
      throw error;
    }
  }

  override close(): Promise<void> {
    return this.executor.close();
  }
}
