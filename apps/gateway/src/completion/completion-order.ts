import type { CacheResult, CacheStatus, RequestDirectives } from 'nestjs-redis-cache';
import type { Completion, CompletionRequest } from 'nestjs-worker-pool';

/** A request, and what concerns its answer beside it. */
export interface CompletionOrder {
  /** Name of whose answer it is; others neither see it nor wait for it. */
  readonly tenant: string;
  readonly request: CompletionRequest;
  /** TTL of the answer in the cache, in seconds; default: that of the cache. */
  readonly ttlSeconds?: number | undefined;
  /** Names under which the tenant can invalidate the answer. */
  readonly tags?: readonly string[] | undefined;
  /** What the request asks of the cache; default: nothing in particular. */
  readonly directives?: RequestDirectives | undefined;
  /** Aborts when nobody waits any more. Looked at only where there is something to wait for. */
  readonly signal?: AbortSignal | undefined;
}

/** An answer, and how it was come by. */
export interface CompletionAnswer {
  readonly result: CacheResult<Completion>;
  /** For the `Cache-Status` header. */
  readonly cacheStatus: CacheStatus;
}

/** Whether the answer cost its asker nothing: it was stored, or computed for another request. */
export function isFree({ source, status }: Pick<CacheResult<unknown>, 'source' | 'status'>): boolean {
  return source !== 'factory' || status === 'collapsed';
}
