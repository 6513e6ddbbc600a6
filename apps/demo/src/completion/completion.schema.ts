import { MAX_TTL_SECONDS } from 'nestjs-redis-cache';
import type { CompletionRequest } from 'nestjs-worker-pool';
import { z } from 'zod';

const MAX_MODEL_LENGTH = 128;

const text = (error = 'must be a string') => z.string({ error });
const notBlank = (value: string): boolean => value.trim() !== '';

/** Body of `POST /v1/completions` and `POST /v1/queue`. */
export const completionBody = z.strictObject({
  prompt: text('is required and must be a string').refine(notBlank, 'must not be empty'),
  model: text().min(1, 'must not be empty').max(MAX_MODEL_LENGTH).optional(),
  system: text().min(1, 'must not be empty').optional(),
  max_tokens: z.int().min(1).optional(),
  temperature: z.number().min(0).max(1).optional(),
  ttl_seconds: z.number().positive().max(MAX_TTL_SECONDS).optional(),
});

export type CompletionBody = z.output<typeof completionBody>;

/** What reaches the executor: the body without what concerns only the cache. */
export function toCompletionRequest({ ttl_seconds: _, ...request }: CompletionBody): CompletionRequest {
  return request;
}
