import { cacheKey } from 'nestjs-redis-cache';
import type { CompletionRequest } from 'nestjs-worker-pool';

/** Changes when the form of what is stored changes, so that old entries are not read as new ones. */
const SCHEMA_VERSION = 1;

/** What decides an answer beside the request. */
export interface KeyContext {
  /** Whose answer it is: tenants share none. */
  tenant: string;
  executor: string;
  /** The model that the request runs on, aliases resolved. */
  model: string;
}

/**
 * The cache key of a request: of everything that reaches the executor and decides the answer, which
 * `metadata` does not. Two models, two system prompts or two lengths are two answers, though the prompt be
 * the same.
 */
export function completionKey({ metadata: _, ...request }: CompletionRequest, context: KeyContext): string {
  return cacheKey({ ...request, ...context }, { schemaVersion: SCHEMA_VERSION });
}
