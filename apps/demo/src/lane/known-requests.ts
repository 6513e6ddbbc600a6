import { crc32 } from 'node:zlib';
import { LRUCache } from 'lru-cache';

const MAX_REQUESTS = 10_000;
/** Longer bodies are read anew each time. In bytes. */
const MAX_BODY_BYTES = 65_536;
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

  /** Whether a body of so many bytes is one to be remembered. */
  takes(bytes: number): boolean {
    return bytes <= MAX_BODY_BYTES;
  }

  /** The key that was made of this very body of this tenant; `undefined` when it is not known. */
  keyOf(tenant: string, body: Buffer): string | undefined {
    const known = this.#requests.get(checksum(tenant, body));
    return known?.tenant === tenant && known.body.equals(body) ? known.key : undefined;
  }

  /** @param body one that was checked, and that nobody changes */
  remember(tenant: string, body: Buffer, key: string): void {
    if (!this.takes(body.length)) return;
    const size = body.length + OVERHEAD_BYTES;
    this.#requests.set(checksum(tenant, body), { tenant, body, key }, { size });
  }
}

function checksum(tenant: string, body: Buffer): number {
  return crc32(body, crc32(tenant));
}
