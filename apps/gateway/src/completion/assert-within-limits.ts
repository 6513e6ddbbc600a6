import type { GatewayConfig } from '../config/gateway-config.js';
import { ProblemError } from '../http/problem.js';
import type { CompletionBody } from './completion.schema.js';

/** The limits that are a matter of configuration. */
export type CompletionLimits = Pick<GatewayConfig, 'MAX_PROMPT_BYTES' | 'MAX_TTL_SECONDS' | 'MAX_TAGS'>;

/**
 * Lets a body pass, or throws.
 *
 * @throws {ProblemError} 413 for the prompt, 400 for the rest, naming the field
 */
export function assertWithinLimits(body: CompletionBody, limits: CompletionLimits): void {
  const { prompt, ttl_seconds: ttlSeconds = 0, tags } = body;
  // A UTF-16 code unit takes three bytes at most, so short prompts need not be counted.
  if (prompt.length * 3 > limits.MAX_PROMPT_BYTES) assertPromptFits(prompt, limits.MAX_PROMPT_BYTES);
  if (ttlSeconds > limits.MAX_TTL_SECONDS) refuse('ttl_seconds', `must be at most ${limits.MAX_TTL_SECONDS}`);
  if (tags && tags.length > limits.MAX_TAGS) refuse('tags', `must be at most ${limits.MAX_TAGS} tags`);
}

function assertPromptFits(prompt: string, maxBytes: number): void {
  if (Buffer.byteLength(prompt) <= maxBytes) return;
  const detail = `is larger than the limit of ${maxBytes} bytes`;
  throw problemWith('prompt', detail, 413, 'ERR_PROMPT_TOO_LARGE');
}

function refuse(field: string, detail: string): never {
  throw problemWith(field, detail, 400, 'ERR_VALIDATION');
}

function problemWith(field: string, detail: string, status: number, code: string): ProblemError {
  return new ProblemError(status, `${field}: ${detail}`, { code, errors: [{ field, detail }] });
}
