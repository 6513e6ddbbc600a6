import { BadRequestException } from '@nestjs/common';
import { MAX_TTL_SECONDS } from 'nestjs-redis-cache';
import { z } from 'zod';

const schema = z.strictObject({
  prompt: z.string().trim().min(1),
  model: z.string().min(1).max(128).optional(),
  system: z.string().min(1).optional(),
  max_tokens: z.int().min(1).optional(),
  temperature: z.number().min(0).max(1).optional(),
  ttl_seconds: z.number().positive().max(MAX_TTL_SECONDS).optional(),
});

/** Body of `POST /v1/completions` and `POST /v1/queue`. */
export type CompletionBody = z.output<typeof schema>;

/** @throws {BadRequestException} naming the first wrong field */
export function parseCompletionBody(body: unknown): CompletionBody {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new BadRequestException(`${issue!.path.join('.') || 'body'}: ${issue!.message}`);
}
