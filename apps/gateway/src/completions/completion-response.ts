import type { CacheResult } from 'nestjs-redis-cache';
import type { Completion, TokenUsage } from 'nestjs-worker-pool';
import { isFree } from './completion-call.js';

/** Answer of `POST /v1/completions`. Costs are in US dollars. */
export interface CompletionResponse {
  completion: string;
  usage: TokenUsage;
  /** What this answer cost: nothing when it came from the cache, or from a request like this one. */
  cost: number;
  model: string;
  stop_reason: string;
  cached: boolean;
  /** What it would have cost without the cache. */
  cost_saved: number;
}

type ValueAndOrigin = Pick<CacheResult<Completion>, 'value' | 'source' | 'status'>;

/** By the value, which all hits of this process's own copy share. */
const hitBodies = new WeakMap<Completion, string>();

/** The body as JSON. All that find one stored answer get one text, which is made once. */
export function completionJson(result: ValueAndOrigin): string {
  const { value, source } = result;
  if (source === 'factory') return JSON.stringify(toCompletionResponse(result));
  const made = hitBodies.get(value);
  if (made !== undefined) return made;
  const json = JSON.stringify(toCompletionResponse(result));
  hitBodies.set(value, json);
  return json;
}

/** The body of an answer. */
export function toCompletionResponse(result: ValueAndOrigin): CompletionResponse {
  const { value, source } = result;
  const free = isFree(result);
  return {
    completion: value.completion,
    usage: value.usage,
    cost: free ? 0 : value.cost,
    model: value.model,
    stop_reason: value.stopReason,
    cached: source !== 'factory',
    cost_saved: free ? value.cost : 0,
  };
}
