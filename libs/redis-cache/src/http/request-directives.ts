/** What the `Cache-Control` header of a request asks of a cache (RFC 9111 §5.2.1). */
export interface RequestDirectives {
  /** Compute anew, and store that; also asked for by `max-age=0`. */
  noCache: boolean;
  /** Neither read nor store. */
  noStore: boolean;
  /** Answer from the store or not at all. */
  onlyIfCached: boolean;
  /** Oldest answer that will do, in seconds; `undefined` for any age. */
  maxAgeSeconds: number | undefined;
}

/** What a request without the header asks for. */
export const NO_DIRECTIVES: RequestDirectives = {
  noCache: false,
  noStore: false,
  onlyIfCached: false,
  maxAgeSeconds: undefined,
};

/**
 * Reads a request's `Cache-Control`. Unknown directives and a `max-age` that is no number are passed over.
 *
 * @example
 * parseRequestDirectives('max-age=60, only-if-cached').maxAgeSeconds; // 60
 */
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
