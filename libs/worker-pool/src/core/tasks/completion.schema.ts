import { z } from 'zod';
import type { Completion } from '../contract/completion-request.js';
import { MalformedCompletionError } from '../errors/malformed-completion.error.js';

const tokens = z.number().nonnegative();

const schema = z.object({
  completion: z.string(),
  usage: z.looseObject({
    input_tokens: tokens,
    output_tokens: tokens,
    cache_creation_input_tokens: tokens.nullish(),
    cache_read_input_tokens: tokens.nullish(),
  }),
  cost: z.number().nonnegative(),
  model: z.string(),
  stopReason: z.string(),
  stopSequence: z.string().nullish(),
  stopDetails: z.looseObject({ type: z.string() }).nullish(),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
});

/**
 * Checks an executor's answer; users write executors of their own.
 *
 * @throws {MalformedCompletionError} names the field
 */
export function parseCompletion(answer: unknown): Completion {
  const parsed = schema.safeParse(answer);
  if (parsed.success) {
    return parsed.data;
  }
  throw new MalformedCompletionError(parsed.error.issues[0]?.path.join('.') || 'completion');
}
