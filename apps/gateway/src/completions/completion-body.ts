import { MAX_TTL_SECONDS } from 'nestjs-redis-cache';
import type { CompletionRequest } from 'nestjs-worker-pool';
import { z } from 'zod';
import { TAG_PATTERN } from '../tenants/tenant.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import { ProblemError } from '../http/problem.js';
import { listOf } from '../http/zod-list.js';
import { fitsIn } from '../util/fits-in.js';

const MAX_MODEL_LENGTH = 128;

const text = (error = 'must be a string') => z.string({ error });
/** A longer text is not searched, because that takes too long: `MAX_PROMPT_BYTES` decides about it. */
const LONGEST_BLANK = 1_048_576;
const notBlank = (value: string): boolean => value.length > LONGEST_BLANK || value.trim() !== '';
const tag = text().regex(TAG_PATTERN, 'must be 1 to 64 letters, digits or ". _ : -"');

/** Body of `POST /v1/queue`, and without `stream` of `POST /v1/completions`; {@link assertWithinLimits} checks the configured limits. */
export const completionBody = z.strictObject({
  prompt: text('is required and must be a string').refine(notBlank, 'must not be empty'),
  model: text().min(1, 'must not be empty').max(MAX_MODEL_LENGTH).optional(),
  system: text().min(1, 'must not be empty').optional(),
  max_tokens: z.int().min(1).optional(),
  temperature: z.number().min(0).max(1).optional(),
  ttl_seconds: z.number().positive().max(MAX_TTL_SECONDS).optional(),
  tags: listOf(tag, { error: 'must be a list of strings' }).optional(),
});

export type CompletionBody = z.output<typeof completionBody>;

/** Body of `POST /v1/completions`. */
export const streamableBody = completionBody.extend({
  stream: z.boolean({ error: 'must be true or false' }).optional(),
});

export type StreamableBody = z.output<typeof streamableBody>;

/** The part of the body that reaches the executor; the rest concerns only the cache. */
export function toCompletionRequest({
  ttl_seconds: _ttl,
  tags: _tags,
  stream: _stream,
  ...request
}: StreamableBody): CompletionRequest {
  return request;
}

/** The configured limits. */
export type CompletionLimits = Pick<GatewayConfig, 'MAX_PROMPT_BYTES' | 'MAX_TTL_SECONDS' | 'MAX_TAGS'>;

/** @throws {ProblemError} naming the field that exceeds a limit: 413 for the prompt, 400 for others */
export function assertWithinLimits(body: CompletionBody, limits: CompletionLimits): void {
  const { prompt, system = '', ttl_seconds: ttlSeconds = 0, tags } = body;
  assertPromptFits([prompt, system], limits.MAX_PROMPT_BYTES);
  if (ttlSeconds > limits.MAX_TTL_SECONDS) refuse('ttl_seconds', `must be at most ${limits.MAX_TTL_SECONDS}`);
  if (tags && tags.length > limits.MAX_TAGS) refuse('tags', `must be at most ${limits.MAX_TAGS} tags`);
}

function assertPromptFits(texts: readonly string[], maxBytes: number): void {
  if (fitsIn(maxBytes, texts)) return;
  const detail = `is larger than the limit of ${maxBytes} bytes, the system prompt included`;
  throw problemWith('prompt', detail, 413, 'ERR_PROMPT_TOO_LARGE');
}

function refuse(field: string, detail: string): never {
  throw problemWith(field, detail, 400, 'ERR_VALIDATION');
}

function problemWith(field: string, detail: string, status: number, code: string): ProblemError {
  return new ProblemError(status, `${field}: ${detail}`, { code, errors: [{ field, detail }] });
}
