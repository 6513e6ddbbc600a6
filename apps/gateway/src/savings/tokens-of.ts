import type { TokenUsage } from 'nestjs-worker-pool';

/** All tokens that were read or written, those of the model's own cache included. */
export function tokensOf(usage: TokenUsage): number {
  const { cache_creation_input_tokens: stored, cache_read_input_tokens: reread } = usage;
  return usage.input_tokens + usage.output_tokens + (stored ?? 0) + (reread ?? 0);
}
