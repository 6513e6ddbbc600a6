import type { CacheResult } from 'nestjs-redis-cache';
import type { Completion, TokenUsage } from 'nestjs-worker-pool';

/** Response of `POST /v1/completions`. Costs are in US dollars. */
export interface CompletionResponse {
  completion: string;
  usage: TokenUsage;
  /** What this answer cost: nothing if it came from the cache or from the computation of an equal request. */
  cost: number;
  model: string;
  stop_reason: string;
  cached: boolean;
  /** What it would have cost without the cache. */
  cost_saved: number;
}

/** A completion and where it came from. */
export type CompletionOrigin = Pick<CacheResult<Completion>, 'value' | 'source' | 'status'>;

/** Serializes the body of a response. */
export function completionJson(result: CompletionOrigin): string {
  return JSON.stringify(toResponse(result));
}

/**
 * Returns the body of a response. Every way to a response uses it, so that bodies have one form and one order of fields.
 */
export function toResponse(result: CompletionOrigin): CompletionResponse {
  const { value, source, status } = result;
  const isFree = source !== 'factory' || status === 'collapsed';
  return {
    completion: value.completion,
    usage: value.usage,
    cost: isFree ? 0 : value.cost,
    model: value.model,
    stop_reason: value.stopReason,
    cached: source !== 'factory',
    cost_saved: isFree ? value.cost : 0,
  };
}
