import type { GetOrSetOptions } from '../core.js';

/** The directives of a request's `Cache-Control` that a cache acts on (RFC 9111 §5.2.1). */
export interface RequestDirectives {
  /** Recompute and store the result; `max-age=0` has the same effect. */
  noCache: boolean;
  /** Neither read nor store. */
  noStore: boolean;
  /** Serve what is stored, or fail with 504. */
  onlyIfCached: boolean;
  /** Greatest acceptable age of a stored response, in seconds; `undefined` for any age. */
  maxAgeSeconds: number | undefined;
}

/** The directives of a request without the header. */
export const NO_DIRECTIVES: RequestDirectives = {
  noCache: false,
  noStore: false,
  onlyIfCached: false,
  maxAgeSeconds: undefined,
};

/**
 * How to serve a request:
 * - `get-or-set`: from the cache, otherwise compute and store; recompute if what was stored is too old
 * - `recompute`: compute and store, whatever is stored
 * - `bypass`: compute, and neither read nor store
 * - `lookup`: serve what is stored and is not too old, or fail with 504
 * - `fail`: fail with 504, since no stored response is acceptable and computing is not allowed
 */
export type RequestCacheAction = 'get-or-set' | 'recompute' | 'bypass' | 'lookup' | 'fail';

type AccessPolicies = Pick<GetOrSetOptions, 'readPolicy' | 'writePolicy'>;

/**
 * What a request's `Cache-Control` means for serving it. The only place where the directives become decisions;
 * the interceptor of `@HttpCache()` serves by it, and so can a handler that calls the cache itself.
 *
 * | `Cache-Control` | action |
 * |---|---|
 * | none, `max-age=N` | `get-or-set` |
 * | `no-cache`, `max-age=0` | `recompute` |
 * | `no-store` | `bypass` |
 * | `only-if-cached` | `lookup`, or `fail` together with one of the three above |
 *
 * @example
 * const policy = RequestCachePolicy.of(request.headers['cache-control']);
 * if (policy.action === 'get-or-set') {
 *   const found = await cache.getOrSetEntry(key, compute);
 *   return policy.isTooOld(found) ? cache.getOrSetEntry(key, compute, RequestCachePolicy.RECOMPUTE.access) : found;
 * }
 */
export class RequestCachePolicy {
  /** Policy of a request without the header. */
  static readonly DEFAULT = new RequestCachePolicy(NO_DIRECTIVES);
  /** Policy of `no-cache`, and of the second attempt when a stored response is too old. */
  static readonly RECOMPUTE = new RequestCachePolicy({ ...NO_DIRECTIVES, noCache: true });

  readonly action: RequestCacheAction;
  /** Options of `getOrSet` for the action. */
  readonly access: AccessPolicies;
  readonly #maxAgeSeconds: number;

  constructor(directives: RequestDirectives) {
    this.action = actionOf(directives);
    this.access = accessOf(this.action);
    this.#maxAgeSeconds = directives.maxAgeSeconds ?? Infinity;
  }

  /** The policy of a `Cache-Control` header. Unknown directives and a malformed `max-age` are ignored. */
  static of(header: string | undefined): RequestCachePolicy {
    return header ? new RequestCachePolicy(parseRequestDirectives(header)) : RequestCachePolicy.DEFAULT;
  }

  /** Whether a stored response may be acceptable, so that looking it up makes sense. */
  get allowsStored(): boolean {
    return this.action === 'get-or-set' || this.action === 'lookup';
  }

  /** Whether the request accepts a response that is computed for it; `only-if-cached` does not. */
  get allowsComputing(): boolean {
    return this.action !== 'lookup' && this.action !== 'fail';
  }

  /** Whether a result is older than the request's `max-age`. A result that was just computed never is. */
  isTooOld({ source, ageSeconds }: { source?: string; ageSeconds: number | null }): boolean {
    // Plain JSON that another program stored has no known age.
    return source !== 'factory' && (ageSeconds ?? Infinity) > this.#maxAgeSeconds;
  }
}

/** Parses a request's `Cache-Control`. Unknown directives and a malformed `max-age` are ignored. */
export function parseRequestDirectives(header: string | undefined): RequestDirectives {
  if (!header) return NO_DIRECTIVES;
  const directives = new Map(header.split(',').map(toDirective));
  const maxAge = directives.get('max-age') ?? '';
  const maxAgeSeconds = /^\d+$/.test(maxAge) ? Number(maxAge) : undefined;
  return {
    noCache: directives.has('no-cache') || maxAgeSeconds === 0,
    noStore: directives.has('no-store'),
    onlyIfCached: directives.has('only-if-cached'),
    maxAgeSeconds,
  };
}

function toDirective(text: string): [name: string, argument: string] {
  const [name = '', argument = ''] = text.split('=', 2);
  return [name.trim().toLowerCase(), argument.trim().replaceAll('"', '')];
}

function actionOf({ onlyIfCached, noStore, noCache }: RequestDirectives): RequestCacheAction {
  if (onlyIfCached) return noStore || noCache ? 'fail' : 'lookup';
  if (noStore) return 'bypass';
  return noCache ? 'recompute' : 'get-or-set';
}

function accessOf(action: RequestCacheAction): AccessPolicies {
  if (action === 'bypass') return { readPolicy: 'no-cache', writePolicy: 'no-store' };
  return action === 'recompute' ? { readPolicy: 'no-cache' } : {};
}
