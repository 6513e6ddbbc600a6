import { z } from 'zod';
import type { Completion } from './completion-request.js';
import { MalformedCompletionError } from './errors.js';

const tokens = z.number().nonnegative();

/** Token counts in the form of the Messages API. */
export const usageSchema = z.looseObject({
  input_tokens: tokens,
  output_tokens: tokens,
  cache_creation_input_tokens: tokens.nullish(),
  cache_read_input_tokens: tokens.nullish(),
});

const completionSchema = z.object({
  completion: z.string(),
  usage: usageSchema,
  cost: z.number().nonnegative(),
  model: z.string(),
  stopReason: z.string(),
  stopSequence: z.string().nullish(),
  stopDetails: z.looseObject({ type: z.string() }).nullish(),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  extra: z.looseObject({}).optional(),
});

/**
 * Validates what an executor returned; executors may be written by users.
 *
 * @throws {MalformedCompletionError} names the invalid field
 */
export function parseCompletion(completion: unknown): Completion {
  const parsed = completionSchema.safeParse(completion);
  if (parsed.success) {
    return parsed.data;
  }
  throw new MalformedCompletionError(parsed.error.issues[0]?.path.join('.') || 'completion');
}
