import { createHash } from 'node:crypto';
import { type BareItem, serializeItem, Token } from 'structured-headers';
import type { CacheResult } from '../core.js';

/**
 * Why the cache did not serve a request by itself.
 * - `miss`: nothing was stored for it
 * - `stale`: what was stored is past its TTL; it was served because computing failed or is slow
 * - `request`: the request demanded it (`Cache-Control`)
 * - `bypass`: Redis is unavailable, or refuses writes
 */
export type ForwardReason = 'miss' | 'stale' | 'request' | 'bypass';

/** How the cache handled a request, in the terms of RFC 9211. */
export type CacheStatus =
  | {
      outcome: 'hit';
      /** Remaining TTL; `null` if unknown. */
      ttlSeconds: number | null;
    }
  | {
      outcome: 'forward';
      reason: ForwardReason;
      /** Whether this request's response is now in the cache. */
      stored: boolean;
      /** Whether the computation of another request served this one too. */
      collapsed: boolean;
    }
  | {
      /** The request allowed only a stored response (`only-if-cached`), and there was none. */
      outcome: 'unsatisfied';
    };

type Parameter = [name: string, value: BareItem];

const CACHE_NAME = new Token('redis-cache');
const REDIS_UNAVAILABLE = new Token('redis-unavailable');
const ONLY_IF_CACHED = new Token('only-if-cached');
const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * Returns the cache status of a result. A server that refuses writes counts as unavailable.
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

/** Returns the status of a request that the cache did not serve by itself. */
export function forwarded(
  reason: ForwardReason,
  { stored = false, collapsed = false }: { stored?: boolean; collapsed?: boolean } = {},
): CacheStatus {
  return { outcome: 'forward', reason, stored, collapsed };
}

/**
 * Formats the `Cache-Status` header of RFC 9211.
 *
 * @example
 * formatCacheStatus({ outcome: 'hit', ttlSeconds: 3412.7 }); // redis-cache; hit; ttl=3412
 */
export function formatCacheStatus(status: CacheStatus): string {
  return serializeItem(CACHE_NAME, new Map(parametersOf(status))).replaceAll(';', '; ');
}

/** Returns a strong entity tag of a body: equal tags mean equal bytes. */
export function entityTagOf(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url')}"`;
}

/**
 * Whether an `If-None-Match` header matches the entity tag, by the weak comparison of RFC 9110 §8.8.3.2:
 * a `W/` on either side is ignored. `*` matches every tag.
 */
export function matchesEntityTag(ifNoneMatch: string | undefined, entityTag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const wanted = entityTag.startsWith('W/') ? entityTag.slice(2) : entityTag;
  return [...ifNoneMatch.matchAll(ENTITY_TAG)].some((match) => match[1] === wanted);
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
