import { MAX_TTL_SECONDS } from 'nestjs-redis-cache';
import type { CompletionRequest } from 'nestjs-worker-pool';
import { z } from 'zod';
import { TAG_PATTERN } from './scoped-tags.js';

const MAX_MODEL_LENGTH = 128;

const text = (error = 'must be a string') => z.string({ error });
const notBlank = (value: string): boolean => value.trim() !== '';
const tag = text().regex(TAG_PATTERN, 'must be 1 to 64 letters, digits or ". _ : -"');

/** Body of `POST /v1/completions` and `POST /v1/queue`. Limits that are configured are checked behind it. */
export const completionBody = z.strictObject({
  prompt: text('is required and must be a string').refine(notBlank, 'must not be empty'),
  model: text().min(1, 'must not be empty').max(MAX_MODEL_LENGTH).optional(),
  system: text().min(1, 'must not be empty').optional(),
  max_tokens: z.int().min(1).optional(),
  temperature: z.number().min(0).max(1).optional(),
  ttl_seconds: z.number().positive().max(MAX_TTL_SECONDS).optional(),
  tags: z.array(tag, { error: 'must be a list of strings' }).optional(),
});

export type CompletionBody = z.output<typeof completionBody>;

/** What reaches the executor: the body without what concerns only the cache. */
export function toCompletionRequest({
  ttl_seconds: _ttl,
  tags: _tags,
  ...request
}: CompletionBody): CompletionRequest {
  return request;
}
