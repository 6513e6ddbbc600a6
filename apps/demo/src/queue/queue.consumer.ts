import { RedisCacheModule, RejectRequestError } from 'nestjs-redis-cache';
import { type CompletionBody, parseCompletionBody } from '../completion/completion.body.js';
import { CompletionModule } from '../completion/completion.module.js';
import { CompletionService } from '../completion/completion.service.js';

/** Drains the queue through the pool into the cache. A consumer that dies gives its request back after the lease. */
export const queueConsumer = RedisCacheModule.registerConsumer({
  imports: [CompletionModule],
  inject: [CompletionService],
  useFactory: (completions: CompletionService) => ({
    handler: ({ data }) => completions.complete(bodyOf(data)),
  }),
});

// Whoever can write to Redis can queue anything; what is no completion request goes to the dead letters at once.
function bodyOf(data: unknown): CompletionBody {
  try {
    return parseCompletionBody(data);
  } catch (error) {
    throw new RejectRequestError((error as Error).message);
  }
}
