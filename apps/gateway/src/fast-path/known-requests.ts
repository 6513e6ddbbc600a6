import type { IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import { LRUCache } from 'lru-cache';

const MAX_REQUESTS = 10_000;
/** Longer bodies are read anew each time. */
export const MAX_KNOWN_BYTES = 65_536;
const MAX_BYTES = 32 * 1024 * 1024;
/** What an entry costs beside its body, roughly. */
const OVERHEAD_BYTES = 400;

interface KnownRequest {
  readonly tenant: string;
  readonly body: Buffer;
  readonly key: string;
}

/**
 * Remembers which bodies were valid, and the cache keys that were made of them: a request that comes again need
 * not be parsed, checked and hashed again. In memory only, bounded, and apart for each tenant.
 */
export class KnownRequests {
  // By checksums, which cost a tenth of a text's own hash. Of two bodies with one checksum the later one stays.
  readonly #requests = new LRUCache<number, KnownRequest>({ max: MAX_REQUESTS, maxSize: MAX_BYTES });
  readonly #seen = new WeakMap<IncomingMessage, Buffer>();

  /** The key that was made of this very body of this tenant; `undefined` when it is not known. */
  keyOf(tenant: string, body: Buffer): string | undefined {
    const known = this.#requests.get(checksum(tenant, body));
    return known?.tenant === tenant && known.body.equals(body) ? known.key : undefined;
  }

  /** Keeps a body at hand until its request turns out to be valid. */
  see(request: IncomingMessage, body: Buffer): void {
    this.#seen.set(request, body);
  }

  /** Remembers the key of a request, if its body was seen. */
  learn(request: IncomingMessage, tenant: string, key: string): void {
    const seen = this.#seen.get(request);
    if (seen === undefined || seen.length > MAX_KNOWN_BYTES) return;
    const size = seen.length + OVERHEAD_BYTES;
    // A copy: what was seen may be a small part of what was received at once.
    const body = Buffer.from(seen);
    this.#requests.set(checksum(tenant, body), { tenant, body, key }, { size });
  }
}

function checksum(tenant: string, body: Buffer): number {
  return crc32(body, crc32(tenant));
}
