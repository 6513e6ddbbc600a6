import { type BareItem, serializeItem, Token } from 'structured-headers';
import type { CacheResult } from '../core/cache/cache-result.js';

/**
 * Why a request went past the cache.
 * - `miss`: nothing was stored for it
 * - `stale`: what was stored is past its TTL; it was served all the same, since computing failed or is slow
 * - `request`: the request asked for it (`Cache-Control`)
 * - `bypass`: Redis could not be asked, or takes no writes
 */
export type ForwardReason = 'miss' | 'stale' | 'request' | 'bypass';

/** What happened to a request at the cache, in the terms of RFC 9211. */
export type CacheStatus =
  | {
      outcome: 'hit';
      /** Until the TTL ends; `null` when unknown. */
      ttlSeconds: number | null;
    }
  | {
      outcome: 'forward';
      reason: ForwardReason;
      /** Whether this request's answer is in the cache now. */
      stored: boolean;
      /** Whether another request's computation answered this one, too. */
      collapsed: boolean;
    }
  | {
      /** The request asked for what is stored and no more (`only-if-cached`), and nothing was. */
      outcome: 'unsatisfied';
    };

type Parameter = [name: string, value: BareItem];

const CACHE_NAME = new Token('redis-cache');
const REDIS_UNAVAILABLE = new Token('redis-unavailable');
const ONLY_IF_CACHED = new Token('only-if-cached');

/**
 * What the header says of a result. A server that refuses writes is as good as none.
 *
 * @param writable `cache.getStatus().writable`
 */
export function cacheStatusOf(
  result: Pick<CacheResult<unknown>, 'status' | 'stored' | 'ttlSeconds'>,
  writable: boolean,
): CacheStatus {
  const { status, ttlSeconds } = result;
  if (status === 'hit') return { outcome: 'hit', ttlSeconds };
  if (status === 'stale') return forwarded('stale');
  const collapsed = status === 'collapsed';
  const bypassed = status === 'bypass' || !(result.stored || writable);
  return forwarded(bypassed ? 'bypass' : 'miss', { stored: result.stored && !collapsed, collapsed });
}

/** A request that went past the cache. */
export function forwarded(
  reason: ForwardReason,
  { stored = false, collapsed = false }: { stored?: boolean; collapsed?: boolean } = {},
): CacheStatus {
  return { outcome: 'forward', reason, stored, collapsed };
}

/**
 * The `Cache-Status` header of RFC 9211.
 *
 * @example
 * formatCacheStatus({ outcome: 'hit', ttlSeconds: 3412.7 }); // redis-cache; hit; ttl=3412
 */
export function formatCacheStatus(status: CacheStatus): string {
  return serializeItem(CACHE_NAME, new Map(parametersOf(status))).replaceAll(';', '; ');
}

function parametersOf(status: CacheStatus): Parameter[] {
  if (status.outcome === 'unsatisfied') return [['detail', ONLY_IF_CACHED]];
  return status.outcome === 'hit' ? hitParameters(status.ttlSeconds) : forwardParameters(status);
}

function hitParameters(ttlSeconds: number | null): Parameter[] {
  const hit: Parameter = ['hit', true];
  return ttlSeconds === null ? [hit] : [hit, ['ttl', Math.floor(ttlSeconds)]];
}

function forwardParameters(status: Extract<CacheStatus, { outcome: 'forward' }>): Parameter[] {
  const parameters: Parameter[] = [['fwd', new Token(status.reason)]];
  if (status.stored) parameters.push(['stored', true]);
  if (status.collapsed) parameters.push(['collapsed', true]);
  if (status.reason === 'bypass') parameters.push(['detail', REDIS_UNAVAILABLE]);
  return parameters;
}
