import { LRUCache } from 'lru-cache';

/** How long requests do not wait for each other after a response that could not be shared, in milliseconds. */
const UNCACHEABLE_MS = 120_000;
const MAX_KEYS = 10_000;

/**
 * Keys whose latest response could not be shared with other requests. Requests for them run their handlers at once,
 * instead of waiting for a response that only its own request may get ("hit-for-miss"), until one is shareable.
 */
export class UncacheableKeys {
  readonly #keys = new LRUCache<string, true>({ max: MAX_KEYS, ttl: UNCACHEABLE_MS });

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  note(key: string, shareable: boolean): void {
    if (shareable) this.#keys.delete(key);
    else this.#keys.set(key, true);
  }
}
